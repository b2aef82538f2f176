"""Operations: the same functions for arrays, Tensors and models under construction.

Called with arrays they run at once; called with a :class:`fastcnn.graph.Tensor` they add to its
graph. Each has a float64 reference of the same name in :mod:`fastcnn.reference`.

The package exports what the modules below list in their ``__all__``: a new operation of an existing
module needs no line here.
"""

from typing import Any

from fastcnn._deprecation import find_renamed
from fastcnn.ops.common.public_operation import PUBLIC
from fastcnn.ops.convolution.convolution import *
from fastcnn.ops.convolution.transposed import *
from fastcnn.ops.elementwise.activation import *
from fastcnn.ops.elementwise.activation_formulas import *
from fastcnn.ops.elementwise.arithmetic import *
from fastcnn.ops.elementwise.conversion import *
from fastcnn.ops.elementwise.selection import *
from fastcnn.ops.loss.crossentropy import *
from fastcnn.ops.loss.probabilities import *
from fastcnn.ops.movement.indexing import *
from fastcnn.ops.movement.resampling import *
from fastcnn.ops.movement.shaping import *
from fastcnn.ops.normalization.batch import *
from fastcnn.ops.normalization.per_example import *
from fastcnn.ops.optimizer.adaptive import *
from fastcnn.ops.optimizer.descent import *
from fastcnn.ops.optimizer.update import *
from fastcnn.ops.pooling.adaptive_pooling import *
from fastcnn.ops.pooling.global_pooling import *
from fastcnn.ops.pooling.sliding_pooling import *
from fastcnn.ops.products.linear import *
from fastcnn.ops.random.counter_based import *
from fastcnn.ops.reduction.ranking import *
from fastcnn.ops.reduction.sums import *
from fastcnn.ops.reduction.weighted_histogram import *

__all__ = ["PUBLIC"]
__all__ += sorted(
    name
    for name, value in globals().items()
    if getattr(value, "__module__", "").startswith(f"{__name__}.")
)

#: What this package called things in its first version, and calls them now. Model files of that
#: version hold such names, too.
FORMER_NAMES = {
    "Surroundings": "UpdateOptions",
    "heavy_ball_update": "momentum_accumulate",
    "pair_sums": "weighted_histogram_2d",
}
FORMER_ARGUMENTS = {
    "weighted_histogram_2d": {"rows": "row_indices", "columns": "column_indices"},
}


def __getattr__(name: str) -> Any:
    return find_renamed(__name__, name, FORMER_NAMES)

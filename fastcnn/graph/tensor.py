"""What Python thinks about: operations, the nodes that apply them, and the Tensors between."""

from __future__ import annotations

import itertools
import operator
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from fastcnn import _core
from fastcnn.graph.arithmetic import Arithmetic
from fastcnn.graph.trace_mode import current_origin
from fastcnn.messages import bounded

if TYPE_CHECKING:
    from fastcnn import _core

__all__ = ["OPS", "Node", "Op", "Spec", "SymbolicTensor", "Tensor", "VariableLike", "placeholder"]

_serial = itertools.count()


@dataclass(frozen=True)
class Spec:
    """Type of a value: concrete sizes, outermost first, and a NumPy dtype name."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        product = 1
        for size in self.shape:
            product *= size
        return product

    @property
    def bytes(self) -> int:
        """Size of its memory."""
        return self.elements * np.dtype(self.dtype).itemsize


class VariableLike(Protocol):
    """What a graph needs of a :class:`~fastcnn.graph.variable.Variable`."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes, outermost first."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype."""

    @property
    def core(self) -> _core.Variable:
        """What a Program reads and writes."""

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """What new values are brought to after an update."""

    def numpy(self) -> npt.NDArray[Any]:
        """A copy of the value."""


#: Names of the operations that the core can compute as members of a fused group.
_FUSABLE = frozenset(_core.fusable_operators())
#: Traits of the first version that have another name now; to be removed with the next.
_OLD_TRAITS = {"alias": "view", "flat": "non_differentiable"}


#: What makes every operation, by name, for graphs that are read from text. Those that keep settings
#: outside the attributes of their nodes are not among them.
OPS: dict[str, Callable[[], Op]] = {}


def _warn_of_old_trait(old: str, new: str) -> None:
    warnings.warn(f"Op.{old} is now called {new}", DeprecationWarning, stacklevel=3)


class Op(ABC):
    """An operation: all that others may know of it.

    These are its type rule, its gradient rule, its traits, and what its C++ operator receives.
    One object serves all uses; settings of one use are the node's ``attrs``: bools, ints, floats,
    strings and tuples of ints. Code outside :mod:`fastcnn.ops` asks for traits, never for names.
    """

    name: ClassVar[str]
    #: What :meth:`in_place_inputs` answers for every node.
    in_place: ClassVar[tuple[int, ...]] = ()
    #: The output is the input's memory under another shape; no operator runs.
    view: ClassVar[bool] = False
    #: No gradient passes: the result is piecewise constant, an integer, or meant to stop it.
    non_differentiable: ClassVar[bool] = False
    #: Linear in its first input, but for a bias that is the third.
    linear: ClassVar[bool] = False
    #: Forward it is its first input; its gradient rule has done its work when passes run.
    custom_gradient: ClassVar[bool] = False
    #: What an epilogue (see :meth:`fuses_activation`) calls it; empty where none can compute it.
    epilogue_activation: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for old, new in _OLD_TRAITS.items():
            if old in vars(cls):
                _warn_of_old_trait(old, new)
                setattr(cls, new, vars(cls)[old])
        name = vars(cls).get("name")
        if isinstance(name, str) and cls.__init__ is object.__init__:
            OPS.setdefault(name, cls)

    @property
    def elementwise(self) -> bool:
        """Whether element i of its float32 output depends on elements i of the (broadcast) inputs
        alone, and the core can compute it as a member of a fused group: its name is in the core's
        list (``csrc/kernels/elementwise/elementwise.def``).
        """
        return self.name in _FUSABLE

    @property
    def alias(self) -> bool:
        """The old name of :attr:`view`."""
        _warn_of_old_trait("alias", "view")
        return self.view

    @property
    def flat(self) -> bool:
        """The old name of :attr:`non_differentiable`."""
        _warn_of_old_trait("flat", "non_differentiable")
        return self.non_differentiable

    @abstractmethod
    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """Types of the outputs.

        Raises:
            TypeError: An input has the wrong dtype.
            ValueError: Shapes or settings do not fit; says which and what was expected.
        """

    def gradient(self, node: Node, *grads: Tensor | None) -> Sequence[Tensor | None]:
        """Gradients of the inputs from those of the outputs; ``None`` where there is none.

        Raises:
            NotImplementedError: The operation has a gradient, but no rule for it. Gradients of
                gradients end here for some operations, and zeros would be a silent error.
        """
        if self.non_differentiable:
            return [None] * len(node.inputs)
        raise NotImplementedError(
            f"gradients: {self.name} has no gradient rule; put ops.stop_gradient around what "
            "needs none, or build the expression from operations that have one"
        )

    def fuses_activation(self, node: Node, activation: str) -> bool:
        """Whether the operator can compute this :attr:`epilogue_activation` before it first stores
        its result, and computes none yet. The node's attribute ``activation`` then takes it.
        """
        return False

    def fuses_residual(self, node: Node) -> bool:
        """Whether the operator can add a value like its result before activation and storing, and
        adds none yet. The node then takes the value as its last input and ``residual`` as an
        attribute.
        """
        return False

    def in_place_inputs(self, node: Node) -> tuple[int, ...]:
        """Inputs of the node whose memory its first output may take over when nobody else needs
        them.
        """
        return self.in_place

    def attrs_for(self, node: Node, *inputs: Spec) -> Mapping[str, Any]:
        """The node's attributes for inputs of other sizes.

        Raises:
            ValueError: They hold for the node's own inputs alone.
        """
        before = tuple(tensor.spec for tensor in node.inputs)
        if "shape" in node.attrs and tuple(inputs) != before:
            raise ValueError(
                f"its shape {node.attrs['shape']} is that of inputs "
                f"{', '.join(str(spec.shape) for spec in before)}"
            )
        return node.attrs

    def moved(self, node: Node, axes: tuple[int, ...]) -> Mapping[str, Any] | None:
        """Attributes with which the operation, given its inputs from before they were transposed
        by ``axes``, makes what transposed by ``axes`` is its result; None if it cannot.
        """
        return node.attrs if self.elementwise else None

    def macs(self, *inputs: Spec, **attrs: Any) -> int:
        """Multiply-adds of a convolution or a matrix product; 0 for anything else."""
        return 0

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        """What the C++ operator receives for inputs of these types."""
        return attrs


@dataclass(frozen=True, eq=False)
class Node:
    """One use of an operation, or a leaf (``op`` is None): an input, a variable or a constant."""

    op: Op | None
    inputs: tuple[Tensor, ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)
    #: Variables that the outputs are written to in place (updates only).
    targets: tuple[VariableLike, ...] = ()
    variable: VariableLike | None = None
    name: str = ""
    outputs: int = 1
    #: Creation order, which is also an order of execution.
    serial: int = field(default_factory=lambda: next(_serial))
    #: The layer calls that it comes from, such as ``"model/block/conv"``: the one in which it was
    #: made, for a gradient that of what is differentiated, for a fused node all that went into it.
    origin: tuple[str, ...] = field(default_factory=current_origin)
    #: Names of the operations whose work a fused node does, in order; empty for any other.
    fused: tuple[str, ...] = ()

    @classmethod
    def fusing(
        cls,
        members: Sequence[Node],
        op: Op,
        inputs: tuple[Tensor, ...],
        attrs: Mapping[str, Any],
        outputs: int = 1,
    ) -> Node:
        """A node that does the work of ``members``, and remembers where they came from."""
        return cls(
            op,
            inputs,
            attrs,
            outputs=outputs,
            origin=tuple(dict.fromkeys(path for node in members for path in node.origin)),
            fused=tuple(name for node in members for name in node.op_names),
        )

    @property
    def op_names(self) -> tuple[str, ...]:
        """Names of the operations that it computes; none for a leaf."""
        return self.fused or ((self.op.name,) if self.op else ())

    @property
    def is_placeholder(self) -> bool:
        """Whether it stands for an array that a call brings."""
        return self.op is None and self.variable is None

    def tensors(self, *specs: Spec) -> tuple[Tensor, ...]:
        """The Tensors that this node makes, one for each of ``outputs``."""
        return tuple(Tensor(spec, self, index) for index, spec in enumerate(specs))


class Tensor(Arithmetic):
    """A symbolic value with a concrete shape and dtype. Arithmetic operators build more graph."""

    __slots__ = ("index", "node", "spec")
    # NumPy arrays on the left leave operators to us instead of looping over elements.
    __array_ufunc__ = None

    def __init__(self, spec: Spec, node: Node, index: int = 0) -> None:
        self.spec = spec
        self.node = node
        self.index = index

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of its axes, batch included."""
        return self.spec.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its NumPy dtype."""
        return np.dtype(self.spec.dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.spec.shape)

    def __bool__(self) -> bool:
        raise TypeError(
            "a symbolic Tensor has no truth value: it holds no numbers until a Program runs; "
            "use ops.greater and arithmetic instead of if"
        )

    def __repr__(self) -> str:
        made_by = self.node.op.name if self.node.op else self.node.name or "placeholder"
        return f"<Tensor {self.spec.shape} {self.spec.dtype} by {made_by}>"


class SymbolicTensor(Arithmetic, ABC):
    """A value of a model under construction, whose batch size is open.

    An operation that meets one is recorded instead of applied: see
    :func:`fastcnn.ops.common.public_operation.operation`.
    """

    @abstractmethod
    def record(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Notes the call ``function(*args, **kwargs)`` and returns its symbolic result."""


@bounded
def placeholder(
    shape: Sequence[int], dtype: npt.DTypeLike = "float32", name: str | None = None
) -> Tensor:
    """An input of a graph.

    Args:
        shape: Concrete sizes, batch included.
        dtype: float32, or any integer, bool or float64 type for inputs that are cast.
        name: For error messages.

    Raises:
        TypeError: A size that is not an int, or no dtype.
        ValueError: A negative size.
    """
    sizes = tuple(operator.index(size) for size in shape)
    if any(size < 0 for size in sizes):
        raise ValueError(f"placeholder: sizes must not be negative, got {sizes}")
    return Node(None, name=name or "input").tensors(Spec(sizes, np.dtype(dtype).name))[0]

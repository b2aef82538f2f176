"""Arithmetic, activations and conversions, element by element.

The package registers the pass that fuses several into one operator.
"""

from fastcnn.ops.elementwise.fusion import fuse_elementwise

__all__ = ["fuse_elementwise"]

"""Operations on each element alone, and the passes that fuse them."""

# Importing these registers the passes, which have no other user.
from fastcnn.ops.elementwise.fusion import fuse_elementwise
from fastcnn.ops.elementwise.residual_fusion import fuse_residual

__all__ = ["fuse_elementwise", "fuse_residual"]

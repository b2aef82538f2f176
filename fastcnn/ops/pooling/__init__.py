"""Pooling by sliding windows, of whole images, and into a given number of bins.

The package registers the passes that fuse pooling with what stands before it.
"""

from fastcnn.ops.pooling.max_pool_fusion import fuse_max_pool, gate_pooled_gradient

__all__ = ["fuse_max_pool", "gate_pooled_gradient"]

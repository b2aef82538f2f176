"""Normalization over a batch and of each example by itself."""

# Importing these registers the passes, which have no other user.
from fastcnn.ops.normalization.folding import fold_batch_norm
from fastcnn.ops.normalization.training_fusion import (
    fuse_batch_norm,
    gate_batch_norm_gradient,
    recompute_normalized,
)

__all__ = [
    "fold_batch_norm",
    "fuse_batch_norm",
    "gate_batch_norm_gradient",
    "recompute_normalized",
]

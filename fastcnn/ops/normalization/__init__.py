"""Normalization over a batch and of each example by itself."""

# Importing it registers the pass, which has no other user.
from fastcnn.ops.normalization.folding import fold_batch_norm

__all__ = ["fold_batch_norm"]

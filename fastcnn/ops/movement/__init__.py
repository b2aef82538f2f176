"""Operations that view, move, select or resample elements."""

# Importing it registers the pass, which has no other user.
from fastcnn.ops.movement.transpose_cancelling import cancel_transposes

__all__ = ["cancel_transposes"]

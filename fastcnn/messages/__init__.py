"""Messages to callers, which stay readable whatever they are about."""

from fastcnn.messages.refusal import NESTED, bounded
from fastcnn.messages.texts import brief, shortened

__all__ = ["NESTED", "bounded", "brief", "shortened"]

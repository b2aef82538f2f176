"""Messages to callers, which stay readable whatever they are about."""

from fastcnn.messages.advice import Advice, command_text
from fastcnn.messages.arguments import suggesting
from fastcnn.messages.refusal import NESTED, bounded, shorten
from fastcnn.messages.texts import brief, shortened

__all__ = [
    "NESTED",
    "Advice",
    "bounded",
    "brief",
    "command_text",
    "shorten",
    "shortened",
    "suggesting",
]

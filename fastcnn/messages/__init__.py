"""Messages to callers, which stay readable whatever they are about."""

from fastcnn.messages.advice import Advice, command_text
from fastcnn.messages.arguments import suggesting
from fastcnn.messages.refusal import NESTED, REFUSALS, bounded, refuse, shorten
from fastcnn.messages.texts import brief, shortened

__all__ = [
    "NESTED",
    "REFUSALS",
    "Advice",
    "bounded",
    "brief",
    "command_text",
    "refuse",
    "shorten",
    "shortened",
    "suggesting",
]

"""The ``fastcnn`` command: an image classifier without writing a program."""

from fastcnn.cli.command import main

__all__ = ["main"]

"""Tests that a sanitizer makes meaningless or endless."""

from __future__ import annotations

import os

import pytest

#: The runtime of a sanitizer is loaded before the interpreter: ``make sanitize``.
SANITIZED = "san.so" in os.environ.get("LD_PRELOAD", "")


def unless_sanitized(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(SANITIZED, reason=f"sanitized: {reason}")

"""Layers that prepare inputs: scale, size, statistics."""

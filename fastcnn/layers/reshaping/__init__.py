"""Layers that rearrange, pad, crop, repeat or join values."""

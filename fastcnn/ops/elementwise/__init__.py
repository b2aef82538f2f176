"""Arithmetic, activations and conversions, element by element."""

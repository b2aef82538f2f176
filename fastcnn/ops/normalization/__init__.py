"""Normalization over a batch and of each example by itself."""

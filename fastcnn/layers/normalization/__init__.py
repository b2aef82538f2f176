"""Layers that normalize a batch or each example."""

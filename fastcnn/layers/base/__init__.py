"""The base of all layers: weights, tracing, tracking, symbolic calls."""

"""From what users pass to batches in the order and shapes of a model."""

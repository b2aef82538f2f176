"""Pooling by sliding windows, of whole images, and into a given number of bins."""

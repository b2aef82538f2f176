"""Models, weights and training states in files."""

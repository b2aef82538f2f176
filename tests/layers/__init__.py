"""Layers, and what their weights start from and are held to."""

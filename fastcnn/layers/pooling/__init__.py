"""Layers that pool sequences, images and volumes."""

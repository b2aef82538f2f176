"""Losses, one number for each row of predictions."""

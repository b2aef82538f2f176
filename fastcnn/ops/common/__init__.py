"""What operations of all families share: how they are applied, axes, windows."""

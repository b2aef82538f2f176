"""Updates of Variables in place, as optimizers make them."""

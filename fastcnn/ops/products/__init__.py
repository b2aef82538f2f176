"""Matrix products and dense layers."""

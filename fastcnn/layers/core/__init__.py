"""Inputs, dense layers, activations, functions as layers."""

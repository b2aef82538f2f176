"""Convolution and transposed convolution of one to three axes."""

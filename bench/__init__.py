"""Benchmarks: kernels against NumPy, networks against installed peers; ``python -m bench.NAME``."""

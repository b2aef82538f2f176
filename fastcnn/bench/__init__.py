"""Measures operations against the limits of the machine, NumPy and other libraries.

``fastcnn bench`` is its command. Whole programs are raced by the scripts of the repository's
``bench/``, which use :mod:`fastcnn.bench.timing` and :mod:`fastcnn.bench.peer_process`.
"""

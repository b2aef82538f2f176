"""The table of operations: one row a case, and every row is tested on every instruction set.

A family of operations has a module here. Its ``CASES`` say with which inputs and settings an
operation is called, how far its result may be off, and with respect to which inputs it can be
differentiated; its ``ERRORS``, what is refused, and the error's text. A new operation adds rows to
both and a reference to :mod:`fastcnn.reference`; the checks of ``tests/ops/checks.py`` and the
family's test file need no change. How fast it is says ``fastcnn bench run operations``, for which
a test wants a row in ``fastcnn/bench/operations/`` from all but functions of one array.
"""

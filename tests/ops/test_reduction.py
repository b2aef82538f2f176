"""Reductions, ranks and histograms against their float64 references."""

from ops.cases.reduction import CASES, ERRORS
from ops.checks import OpChecks


class TestReduction(OpChecks):
    CASES = CASES
    ERRORS = ERRORS

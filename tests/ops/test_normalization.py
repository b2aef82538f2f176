"""Normalizations against their float64 references."""

from ops.cases.normalization import CASES, ERRORS
from ops.checks import OpChecks


class TestNormalization(OpChecks):
    CASES = CASES
    ERRORS = ERRORS

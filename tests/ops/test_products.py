"""Matrix products and dense layers against their float64 references."""

from ops.cases.products import CASES, ERRORS
from ops.checks import OpChecks


class TestProducts(OpChecks):
    CASES = CASES
    ERRORS = ERRORS

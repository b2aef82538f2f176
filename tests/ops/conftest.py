"""Failures of the shared checks show their values, as those of test files do."""

import pytest

pytest.register_assert_rewrite("ops.checks")

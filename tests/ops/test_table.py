"""The table of operations has them all, each in one family."""

import importlib

import pytest

from fastcnn import ops, reference
from fastcnn.ops.optimizer import adaptive, descent, update

#: Those of arrays; the tenth, of optimizers, updates Variables: tests/ops/test_optimizer.py.
FAMILIES = [
    "convolution",
    "products",
    "pooling",
    "normalization",
    "elementwise",
    "reduction",
    "movement",
    "random",
    "loss",
]


@pytest.fixture(scope="module")
def tables():
    """By family: the names of its operations."""
    modules = {family: importlib.import_module(f"ops.cases.{family}") for family in FAMILIES}
    return {family: {case.op for case in module.CASES} for family, module in modules.items()}


def test_every_operation_is_in_the_table(tables):
    assert set(ops.PUBLIC) == set().union(*tables.values())
    updates = {*update.__all__, *descent.__all__, *adaptive.__all__}
    assert set(ops.__all__) - {"PUBLIC"} - updates == set(reference.__all__)


def test_no_operation_is_in_two_families(tables):
    assert sum(map(len, tables.values())) == len(set().union(*tables.values()))


def test_names_of_rows_differ():
    for family in FAMILIES:
        module = importlib.import_module(f"ops.cases.{family}")
        for rows in (module.CASES, module.ERRORS):
            names = [str(row) for row in rows]
            assert len(names) == len(set(names))

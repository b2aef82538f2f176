"""Old names and arguments work for one version, and warn with the new ones."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, layers, ops, reference
from fastcnn._deprecation import renamed_arguments
from fastcnn.models.call_graph import CallGraph

PAIRS = {
    "rows": np.array([0, 1, 1]),
    "columns": np.array([1, 0, 0]),
    "weights": np.ones(3, np.float32),
    "size": (2, 2),
}
TABLE = [[0, 1], [2, 0]]


def test_pair_sums() -> None:
    with pytest.warns(DeprecationWarning, match=r"ops\.weighted_histogram_2d"):
        old = ops.pair_sums
    with pytest.warns(DeprecationWarning, match=r"argument \w+ is deprecated") as caught:
        np.testing.assert_array_equal(old(**PAIRS), TABLE)
    assert [str(w.message).split("use ")[1] for w in caught] == ["row_indices", "column_indices"]
    assert all(w.filename == __file__ for w in caught)
    with pytest.warns(DeprecationWarning, match=r"reference\.weighted_histogram_2d"):
        np.testing.assert_array_equal(reference.pair_sums(*PAIRS.values()), TABLE)


def test_options_of_an_update() -> None:
    w = fastcnn.Variable(np.ones(3, np.float32))
    gradient, rate = graph.placeholder((3,)), graph.placeholder(())
    with pytest.warns(DeprecationWarning, match="UpdateOptions"):
        options = ops.Surroundings(weight_decay=0.5)
    assert options == ops.UpdateOptions(weight_decay=0.5)
    with pytest.warns(DeprecationWarning, match="use options"):
        update = ops.sgd_update(w, gradient, None, rate, around=options)
    step = graph.compile([gradient, rate], [], updates=[update])
    step(np.zeros(3, np.float32), np.ones((), np.float32))
    np.testing.assert_array_equal(w, [0.5] * 3)
    with pytest.warns(DeprecationWarning, match="momentum_accumulate"):
        assert ops.heavy_ball_update is ops.momentum_accumulate


def test_other_names_are_none() -> None:
    for module in (ops, reference):
        with pytest.raises(AttributeError, match=r"has no attribute 'nothing'"):
            module.nothing  # noqa: B018


def test_both_names_of_an_argument() -> None:
    @renamed_arguments(old="new")
    def function(new: int) -> int:
        return new

    with pytest.raises(TypeError, match="old is the former name of new; pass new only"):
        function(1, new=2, old=3)


def test_files_of_the_first_version_hold_old_names() -> None:
    x = layers.Input((2,))
    pairs = {"row_indices": ops.argmax(x), "column_indices": ops.argmax(x)}
    table = ops.weighted_histogram_2d(**pairs, weights=ops.sum(x, axis=-1), size=(2, 2))
    config = CallGraph(x, ops.multiply(x, ops.sum(table))).get_config()
    (call,) = (call for call in config["calls"] if call.get("op") == "weighted_histogram_2d")
    call["op"] = "pair_sums"
    call["kwargs"]["rows"] = call["kwargs"].pop("row_indices")
    call["kwargs"]["columns"] = call["kwargs"].pop("column_indices")

    restored = CallGraph.from_config(config)
    assert restored.get_config() != config
    model = fastcnn.Model(restored.input_structure, restored.output_structure)
    np.testing.assert_array_equal(model.predict(np.float32([[1, 2]])), [[3, 6]])

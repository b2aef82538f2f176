"""What each thread did when, as a file that Perfetto and Chrome read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastcnn import Input, Sequential, layers
from fastcnn.profiling import Profile


@pytest.fixture(scope="module")
def profile() -> Profile:
    model = Sequential(
        [
            Input((24, 24, 4)),
            layers.Conv2D(32, 3, activation="relu", padding="same", name="conv"),
            layers.GlobalAveragePooling2D(name="pool"),
        ],
        name="net",
    )
    model.compile("sgd", "mse")
    x, y = np.ones((16, 24, 24, 4), np.float32), np.zeros((16, 32), np.float32)
    return model.profile(x, y, runs=1, threads=2)


def items(profile: Profile, path: Path) -> list[dict[str, Any]]:
    profile.save_trace(path)
    data = json.loads(path.read_text())
    assert data["displayTimeUnit"] == "ms"
    found: list[dict[str, Any]] = data["traceEvents"]
    return found


def test_every_event_is_there(profile: Profile, tmp_path: Path) -> None:
    complete = [item for item in items(profile, tmp_path / "run.json") if item["ph"] == "X"]
    assert len(complete) == len(profile.events)
    for item, event in zip(complete, profile.events, strict=True):
        assert item["tid"] == event.thread
        assert item["ts"] == pytest.approx(event.begin / 1e3)
        assert item["dur"] == pytest.approx((event.end - event.begin) / 1e3)
        assert item["args"]["items"] == event.items
    total = sum(item["dur"] for item in complete) / 1e6
    assert total == pytest.approx(2 * sum(row.seconds for row in profile.rows))


def test_names_are_those_of_layers(profile: Profile, tmp_path: Path) -> None:
    found = items(profile, tmp_path / "run.json")
    names = {item["name"] for item in found if item["ph"] == "X"}
    assert {"conv: conv", "conv: conv (packing)", "conv: conv_kernel_grad"} <= names
    assert "SGD/conv/kernel: sgd_update" in names
    one = next(item for item in found if item["name"] == "conv: conv")
    assert one["args"]["layer"] == "net/conv"
    assert one["args"]["outputs"] == [[16, 24, 24, 32]]
    assert one["args"]["fused from"] == ["conv", "relu"]
    assert {item["args"]["name"] for item in found if item["ph"] == "M"} >= {"net", "thread 0"}


def test_a_trace_appears_whole_or_not_at_all(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("before")
    with pytest.raises(FileNotFoundError):
        profile.save_trace(tmp_path / "missing" / "run.json")
    profile.save_trace(path)
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]
    assert path.read_text() != "before"

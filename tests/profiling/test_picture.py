"""The picture of a profile: a bar for each row, and in it the roofline bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastcnn import Input, Sequential, layers
from fastcnn.profiling import Event, Instruction, MachineLimits, Profile, picture

LIMITS = MachineLimits("any", 2, 100.0, (("memory", float("inf"), 10.0),))


def made(times: list[int]) -> Profile:
    """One thread and instructions that take so many microseconds, of a GFLOP/s."""
    data = tuple(
        Instruction("mul", (f"net/layer{i}",), (), ((2,),), ((2, 3),), "", 1e3 * time, 8.0)
        for i, time in enumerate(times)
    )
    events, now = [], 0
    for index, time in enumerate(times):
        events.append(Event(0, index, 0, now, now := now + 1000 * time, 1))
    profile = Profile("net", 1e-9 * now + 1e-6, 1, data, tuple(events))
    profile.__dict__["limits"] = LIMITS
    return profile


@pytest.fixture
def axes(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is drawn, in place of the file."""
    pytest.importorskip("matplotlib")
    kept: list[Any] = []
    monkeypatch.setattr(picture, "write_picture", lambda figure, path: kept.append(figure))
    return lambda: kept[-1].axes[0]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
@pytest.mark.parametrize("by", ["instruction", "layer", "op"])
def test_files(ending: str, by: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    model = Sequential([Input((12, 12, 3)), layers.Conv2D(8, 3, name="conv")], name="net")
    profile = model.profile(np.ones((4, 12, 12, 3), np.float32), runs=1, threads=2)
    path = tmp_path / f"profile.{ending}"
    profile.plot(path, by=by)
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(start)


def bars(axes: Any) -> dict[float, float]:
    """The length of the longest bar at each height."""
    found: dict[float, float] = {}
    for patch in axes.patches:
        y = round(patch.get_y() + patch.get_height() / 2)
        found[y] = max(found.get(y, 0.0), patch.get_x() + patch.get_width())
    return found


def test_bars_are_as_long_as_rows_take(axes: Any) -> None:
    made([40, 10, 30]).plot("any.png")
    lengths = bars(axes())
    assert [lengths[y] for y in range(3)] == pytest.approx([40, 10, 30])
    assert lengths[3] == pytest.approx(1)  # overhead
    blue = [
        p
        for p in axes().patches
        if p.get_facecolor()[:3] == pytest.approx((0, 0.447, 0.698), abs=1e-2)
    ]
    assert blue[0].get_width() == pytest.approx(40 / 100)


def test_short_rows_are_shown_as_one_that_sets_no_scale(axes: Any) -> None:
    made([20] * 3 + [10] * 100).plot("any.png")
    texts = [text.get_text() for text in axes().texts]
    assert "39 others" in texts
    lengths = bars(axes())
    assert len(lengths) == picture.MOST + 2
    assert lengths[picture.MOST] == pytest.approx(390)
    assert axes().get_xlim()[1] == pytest.approx(20)


def test_wrong_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = made([1])
    with pytest.raises(ValueError, match=r"must end in .png, .svg or .pdf, got '.*profile.jpg'"):
        profile.plot(tmp_path / "profile.jpg")
    with pytest.raises(ValueError, match="by must be"):
        profile.plot(tmp_path / "profile.png", by="layers")
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "fastcnn\[plot\]"'):
        profile.plot(tmp_path / "profile.png")
    assert not list(tmp_path.iterdir())

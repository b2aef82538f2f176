"""The comparison of whole networks: answers are checked, results become a table and a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench import nets


def row(workload: str, peer: str, ms: float, ratio: float, threads: int = 2) -> dict[str, Any]:
    return {
        "case": f"{workload} {peer}",
        "workload": workload,
        "peer": peer,
        "threads": threads,
        "ms": ms,
        "times_fastcnn": ratio,
    }


ROWS = [
    row("a/b1", "fastcnn", 10, 1),
    row("a/b1", "torch", 25, 2.5),
    row("a/b1", "onnxruntime", 8, 0.8),
    row("a/b1", "openvino_default", 1, 0.1),
    row("train/a/b32", "fastcnn", 100, 1),
    row("train/a/b32", "torch", 150, 1.5),
]


def test_table() -> None:
    lines = nets.table(ROWS).split("\n")
    assert lines[0].startswith("| network | threads | fastcnn, ms | torch | onnxruntime |")
    # The default of OpenVINO may compute in bfloat16, so it is not the best in float32.
    assert lines[2] == "| a/b1 | 2 | 10 | 2.50 | 0.80 | 0.10 | onnxruntime 0.80 |"
    assert lines[3] == "| train/a/b32 | 2 | 100 | 1.50 |  |  | torch 1.50 |"


def test_picture(tmp_path: Any) -> None:
    path = tmp_path / "nets.png"
    nets.draw(ROWS, path, 2, "a processor")
    assert path.stat().st_size > 10_000


def test_answers_must_agree() -> None:
    expected = np.array([1.0, -2.0, 3.0])
    nets.check("torch", expected * (1 + 5e-4), expected)
    nets.check("ncnn", expected * (1 + 2e-3), expected)
    with pytest.raises(AssertionError, match="torch's answer differs by 0.002 of it"):
        nets.check("torch", expected * (1 + 2e-3), expected)
    with pytest.raises(AssertionError, match="fastcnn's answer"):
        nets.check("fastcnn", expected[::-1], expected)


@pytest.mark.parametrize("workload", ["textbook32/b1", "train/textbook32/b32"])
def test_a_library_in_a_process_of_its_own(workload: str) -> None:
    runner = nets.start("fastcnn", workload, 1)
    try:
        answer = np.asarray(runner.about["answer"])
        assert np.isfinite(answer).all()
        assert answer.std() > 0 or answer.size == 1
        times = runner.time_slice(0.01)
        assert len(times) >= 1
        assert min(times) > 0
    finally:
        runner.close()

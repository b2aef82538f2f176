"""Turns, and rows with peers that are right, wrong, missing or gone."""

import numpy as np
import pytest

from fastcnn.bench import measure_row
from fastcnn.bench.measure_row import Prepared, row
from fastcnn.bench.peer_process import MissingPeerError, Runner
from fastcnn.bench.peers import Peers, worker
from fastcnn.bench.shape_files import parse
from fastcnn.bench.timing import summary, time_slice

CASE = parse("add a=8x8 b=8x8")


class Peer:
    """Stands for a process that answers with ``answers``."""

    def __init__(self, *answers):
        self.answers = answers

    def ask(self, question):
        for number, answer in enumerate(self.answers):
            np.save(f"{question['folder']}/answer-{number}.npy", answer)
        return {"way": "some", "answers": len(self.answers)} if self.answers else {}

    def time_slice(self, seconds):
        return [1.0, 1.0]


class Gone(Peer):
    def ask(self, question):
        raise MissingPeerError("ended with status -9")


class Failing(Peer):
    def ask(self, question):
        return {"failed": "RuntimeError: no such kernel"}


def test_a_row(limits):
    with Prepared(CASE, "forward") as prepared:
        right = prepared.arrays["a"] + prepared.arrays["b"]
        peers = {
            "right": Peer(right), "wrong": Peer(right + 1), "lacking": Peer(),
            "gone": Gone(), "failing": Failing(),
        }  # fmt: skip
        found = row(prepared, "some", limits, peers, 0.001)
    assert found["op"] == "add"
    assert found["shape"] == "a=8x8 b=8x8"
    assert (found["flops"], found["bytes"], found["floor"]) == (0, 3 * 4 * 64, "L1")
    assert set(found["contestants"]) == {"right"}
    assert found["contestants"]["right"]["ms"] == 1000
    assert found["contestants"]["right"]["way"] == "some"
    assert found["contestants"]["right"]["speedup"] == pytest.approx(1000 / found["ms"])
    assert set(found["refused"]) == {"wrong", "gone", "failing"}
    assert "elements are off" in found["refused"]["wrong"]
    assert found["refused"]["gone"] == "ended with status -9"
    assert "no such kernel" in found["refused"]["failing"]


def test_a_wrong_answer_of_ours_is_no_row(limits, monkeypatch):
    with Prepared(CASE, "forward") as prepared:
        prepared.answers[0].exact[3, 4] += 1
        with pytest.raises(measure_row.WrongAnswerError, match=r"fastcnn\[3, 4\]"):
            row(prepared, "some", limits, {}, 0.001)


def test_long_calls_get_few_turns():
    made = {"short": 0, "long": 0}

    def take(name, seconds):
        def call(length):
            made[name] += 1
            return [seconds]

        return call

    measure_row.compare_candidates(
        {"short": take("short", 0.001), "long": take("long", 99.0)}, 0.15, lambda: None
    )
    assert made == {"short": 5, "long": 1}


def test_a_turn_times_at_least_one_call():
    calls = []
    assert len(time_slice(lambda: calls.append(1), 0.0)) == 1
    assert len(calls) >= 1


def test_summary():
    found = summary([3.0, 1.0, 2.0, 4.0, 5.0])
    assert (found.median, found.calls) == (3.0, 5)
    assert found.spread == pytest.approx((4.6 - 1.4) / 3)
    assert summary([2.0]).spread == 0


def test_numpy_in_its_own_process(tmp_path):
    runner = Peers(["numpy"]).runners(1)["numpy"]
    try:
        for direction in ("forward", "backward"):
            with Prepared(parse("max_pool2d x=1x4x4x3 size=2"), direction) as prepared:
                assert prepared.theirs(runner, "numpy") == "numpy"
                assert all(sample > 0 for sample in runner.time_slice(0.001))
        with Prepared(parse("dropout x=9"), "forward") as prepared:
            assert prepared.theirs(runner, "numpy") is None
        assert runner.time_slice(0.001) == []
        runner._process.kill()
        with pytest.raises(MissingPeerError, match="status -9"):
            runner.ask(0.001)
    finally:
        runner.close()


def test_a_library_that_is_not_installed(monkeypatch):
    with pytest.raises(MissingPeerError, match="not installed"):
        Runner(["-c", "import sys; sys.exit(3)"], {})
    with pytest.raises(MissingPeerError, match="failed with status 1"):
        Runner(["-c", "import sys; sys.exit(1)"], {})

    def start(self, name, threads):
        raise MissingPeerError("not installed")

    monkeypatch.setattr(Peers, "_start", start)
    peers = Peers(["torch"])
    assert peers.runners(2) == {}
    assert peers.missing["torch"] == "not installed"


def test_the_fastest_way_is_chosen_with_its_first_answer():
    from fastcnn.bench.operations import Candidate

    state = np.zeros(1)

    def once(pause):
        def call():
            for _ in range(pause):
                np.add(state, 0, out=state)
            np.add(state, 1, out=state)
            return state

        return Candidate(call, lambda y: [y])

    way, _, answer = worker.fastest({"slow": once(5000), "fast": once(0)})
    assert way == "fast"
    # What slow has added, and one call more.
    assert answer[0][0] < state[0]

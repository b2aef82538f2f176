"""``fastcnn bench`` on shapes so small that a row takes milliseconds."""

import json

import pytest

from fastcnn import runtime
from fastcnn.bench import runner
from fastcnn.bench.limits_table import KINDS, Limits
from fastcnn.bench.measure_row import Prepared, WrongAnswerError
from fastcnn.cli import main

QUICK = ["--seconds", "0.001"]
SHAPE = ["--shape", "matmul a=8x9 b=9x7 name=small"]


@pytest.fixture(autouse=True)
def round_limits(monkeypatch):
    """Limits that take no time to measure."""

    def measure(threads, seconds=0.02):
        table = {1 << 14: 100.0, 1 << 27: 10.0}
        return Limits(threads, {"float32": 100.0}, dict.fromkeys(KINDS, table), [1 << 15, 1 << 20])

    monkeypatch.setattr(runner, "measure", measure)


def bench(*arguments):
    return main(["bench", *map(str, arguments)])


def read(path):
    machine, *rows = map(json.loads, path.read_text().splitlines())
    return machine, rows


def test_run_prints_and_keeps_rows(tmp_path, capsys):
    path = tmp_path / "new.jsonl"
    shapes = tmp_path / "mine.txt"
    shapes.write_text("max_pool2d x=1x4x4x3 size=2 direction=forward,backward\n")
    assert (
        bench("run", shapes, *SHAPE, "--against", "numpy", "-o", path, "--threads", 1, *QUICK) == 0
    )
    machine, rows = read(path)
    assert machine["cores"] >= 1
    assert machine["limits"][0]["threads"] == 1
    assert {"fastcnn", "python", "numpy"} <= set(machine["versions"])
    assert [(row["op"], row["direction"]) for row in rows] == [
        ("max_pool2d", "forward"), ("max_pool2d", "backward"), ("matmul", "forward")
    ]  # fmt: skip
    for row in rows:
        assert row["ms"] > 0
        assert row["share"] == pytest.approx(row["floor_ms"] / row["ms"])
        assert row["contestants"]["numpy"]["calls"] > 0
    shown = capsys.readouterr().out
    assert "matmul small" in shown
    assert "GFLOP/s" in shown
    assert "x numpy" in shown


def test_options_choose_rows(tmp_path):
    path = tmp_path / "new.jsonl"
    isas = runtime.available_isas()[:2]
    arguments = ["--shape", "relu x=2x8", "--shape", "conv2d x=1x6x6x2 kernel=3x3x2x4", *SHAPE]
    assert bench(
        "run", *arguments, "--op", "conv2d", "relu", "--batch", 1, 3, "--threads", 1, 2,
        "--isa", *isas, "--direction", "forward", "filter_gradient", "--against", "none",
        "-o", path, *QUICK,
    ) == 0  # fmt: skip
    _, rows = read(path)
    wanted = {
        (op, shape, direction, isa, threads)
        for op, shape, direction in [
            ("relu", "x=1x8", "forward"),
            ("relu", "x=3x8", "forward"),
            ("conv2d", "x=1x6x6x2 kernel=3x3x2x4", "forward"),
            ("conv2d", "x=1x6x6x2 kernel=3x3x2x4", "filter_gradient"),
            ("conv2d", "x=3x6x6x2 kernel=3x3x2x4", "forward"),
            ("conv2d", "x=3x6x6x2 kernel=3x3x2x4", "filter_gradient"),
        ]
        for isa in isas
        for threads in (1, 2)
    }
    found = [(r["op"], r["shape"], r["direction"], r["isa"], r["threads"]) for r in rows]
    assert set(found) == wanted
    assert len(found) == len(wanted)
    assert all(row["contestants"] == {} for row in rows)


def test_the_runtime_is_left_as_it_was():
    before = runtime.isa(), runtime.num_threads()
    isa = runtime.available_isas()[0]
    assert bench("run", *SHAPE, "--against", "none", "--isa", isa, "--threads", 1, *QUICK) == 0
    assert (runtime.isa(), runtime.num_threads()) == before


def test_resume_adds_what_is_missing(tmp_path, capsys):
    path = tmp_path / "new.jsonl"
    command = ["run", *SHAPE, "--against", "none", "-o", path, "--threads", 1, *QUICK]
    assert bench(*command) == 0
    first = read(path)[1]
    with path.open("a") as file:
        file.write('{"op": "mat')  # a run that was killed
    more = [*command, "--shape", "relu x=8", "--resume"]
    assert bench(*more) == 0
    _, rows = read(path)
    assert rows[0] == first[0]
    assert [row["op"] for row in rows] == ["matmul", "relu"]


@pytest.mark.parametrize("action", ["table", "compare", "picture"])
def test_a_missing_file_is_named_with_what_writes_it(action, tmp_path, fails):
    path = tmp_path / "none.jsonl"
    rest = {"table": [], "compare": [path], "picture": [tmp_path / "out.png"]}[action]
    text = fails("bench", action, path, *rest)
    assert f"no file {path}: `fastcnn bench run --output {path}` measures and writes it" in text


def test_files_are_not_replaced_by_accident(tmp_path, fails):
    path = tmp_path / "new.jsonl"
    path.write_text("something")
    command = ["bench", "run", *SHAPE, "--against", "none", "-o", path, *QUICK]
    assert "is already there; give another --output, --overwrite or --resume" in fails(*command)
    assert "line 1: no results of this version" in fails(*command, "--resume")
    assert bench(*command[1:], "--overwrite") == 0
    machine, _ = read(path)
    path.write_text(json.dumps(machine | {"cpu": "another"}) + "\n")
    assert "has results of another machine (another" in fails(*command, "--resume")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no_such_suite"], "no suite is called 'no_such_suite'; there are"),
        (["missing.txt"], "missing.txt: No such file"),
        (["--shape", "conv2d"], "conv2d needs x=..."),
        ([*SHAPE, "--op", "conv9"], "--op conv9 is not known; choose from"),
        ([*SHAPE, "--direction", "up"], "--direction up is not known; choose from backward"),
        ([*SHAPE, "--direction", "backward"], "no line is left to measure"),
        ([*SHAPE, "--isa", "mmx"], "--isa mmx is not available here; choose from"),
        ([*SHAPE, "--picture", "x.png"], "--picture needs --output"),
        ([*SHAPE, "-o", "x.jsonl", "--picture", "x.bmp"], "must end in .png, .svg or .pdf"),
    ],
)
def test_what_run_refuses(arguments, message, fails):
    assert message in fails("bench", "run", *arguments, "--against", "none")


def test_a_wrong_answer_fails_the_run(monkeypatch, capsys):
    def ours(self):
        raise WrongAnswerError("result 0 of fastcnn is off")

    monkeypatch.setattr(Prepared, "ours", ours)
    assert bench("run", *SHAPE, "--against", "none", "--threads", 1, *QUICK) == 1
    shown = capsys.readouterr()
    assert "error: wrong answer: matmul a=8x9 b=9x7 forward" in shown.err
    assert "result 0 of fastcnn is off" in shown.err


def test_table_compare_and_picture(tmp_path, capsys, fails):
    old, new, picture = (tmp_path / name for name in ("old.jsonl", "new.jsonl", "new.png"))
    command = ["run", *SHAPE, "--against", "numpy", "--threads", 1, *QUICK]
    assert bench(*command, "-o", new, "--picture", picture) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    machine, rows = read(new)
    # Which candidate is faster on a busy machine is not what is tested.
    peers = rows[0]["contestants"]
    peers["numpy"]["speedup"] = 3.0
    peers["torch"] = {"ms": 3.0, "speedup": 2.0, "share": 0.1, "spread": 0}
    new.write_text("".join(json.dumps(line) + "\n" for line in (machine, *rows)))
    capsys.readouterr()
    assert bench("table", new) == 0
    table = capsys.readouterr().out.splitlines()
    *table, empty, summary = table
    assert len({line.count("|") for line in table}) == 1
    assert not empty
    assert "on 1 of 1 rows; behind one by more than 5 % on 0" in summary
    assert "| matmul small | forward | 1 |" in table[2]
    assert "| torch | 10 % | 2.00 |" in table[2]

    rows[0]["ms"] /= 100
    old.write_text("".join(json.dumps(line) + "\n" for line in (machine, *rows)))
    assert bench("compare", old, new) == 0
    assert "1 slower, 0 faster" in capsys.readouterr().out
    assert bench("compare", old, new, "--fail-on-regression") == 1
    assert bench("compare", new, old, "--fail-on-regression") == 0
    assert bench("picture", new, tmp_path / "again.svg") == 0
    empty = tmp_path / "empty.jsonl"
    empty.write_text(json.dumps(machine) + "\n")
    assert "no rows to draw" in fails("bench", "picture", empty, picture)


def test_list(capsys):
    assert bench("run", "--list") == 0
    shown = capsys.readouterr().out
    assert "resnet50" in shown
    assert "conv2d: forward, input_gradient, filter_gradient, backward" in shown


@pytest.mark.parametrize("action", ["limits", "run", "compare", "table", "picture"])
def test_help(action, capsys):
    with pytest.raises(SystemExit, match="0"):
        bench(action, "--help")
    assert f"usage: fastcnn bench {action}" in capsys.readouterr().out


def test_limits(monkeypatch, capsys):
    monkeypatch.setattr("fastcnn.bench.limits_table.measure", runner.measure)
    assert bench("limits", "--threads", 1, 2) == 0
    shown = capsys.readouterr().out
    assert "float32        100.0 GFLOP/s" in shown
    assert "stream_copy" in shown
    assert "2 threads" in shown

"""Damaged and hostile files are refused with a sentence, quickly, and never run."""

from __future__ import annotations

import json
import struct
import time

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, layers, ops
from fastcnn.naming import clear_names
from saving.raw_files import edited, network, parts, write


def tensor(header):
    return header["conv2d/kernel"]


def replaced(key, value):
    def edit(header, payload):
        tensor(header)[key] = value
        return header, payload

    return edit


def huge_layer(description):
    description["model"]["config"]["layers"][1]["config"]["filters"] = 1 << 40


def unknown_layer(description):
    description["model"]["config"]["layers"][1]["class_name"] = "os.system"


def strange_arguments(description):
    description["model"]["config"]["layers"][1]["config"]["evil"] = 1


def huge_dtype(description):
    description["model"]["config"]["input"]["dtype"] = "S2000000000"


def input_layer_of_dtype(description):
    entry = {"class_name": "InputLayer", "config": {"shape": [8, 8, 3], "dtype": "U2000000000"}}
    description["model"]["config"]["layers"].insert(0, entry)


def model_without_a_call(description):
    description["model"] = {"class_name": "Model", "config": {"name": "empty"}}
    description["build_shapes"] = [None, 3]


def too_many_layers(description):
    config = description["model"]["config"]
    config["layers"] += [
        {"class_name": "Activation", "config": {"activation": "relu", "name": f"a{number}"}}
        for number in range(10_000)
    ]


ATTACKS = [
    pytest.param(lambda h, p: (h, p[:-4]), "cut off|take", id="cut-off"),
    pytest.param(lambda h, p: (h, p + b"more"), "take .* holds", id="too-long"),
    pytest.param(lambda h, p: (b"{" * 10_000, p), "nested 10000 deep", id="deep"),
    pytest.param(lambda h, p: (b"[1, 2]", p), "not a JSON object", id="list"),
    pytest.param(lambda h, p: (b"\xff\xfe{}", p), "not JSON", id="no-text"),
    pytest.param(lambda h, p: (b'{"a": 1, "a": 2}', p), "key comes twice", id="twice"),
    pytest.param(lambda h, p: ({}, p), "not one that fastcnn wrote", id="foreign"),
    pytest.param(replaced("shape", [1 << 62, 1 << 62]), "needs .* bytes", id="huge-shape"),
    pytest.param(replaced("shape", [-3, 3, 3, 4]), "no valid shape", id="negative"),
    pytest.param(replaced("shape", [True]), "no valid shape", id="bool"),
    pytest.param(replaced("dtype", "F64"), "needs .* bytes", id="wrong-size"),
    pytest.param(replaced("dtype", "I32"), "is int32 of shape", id="wrong-dtype"),
    pytest.param(replaced("dtype", "P999"), "known are", id="no-dtype"),
    pytest.param(replaced("data_offsets", [0, 1 << 60]), "cut off", id="far"),
    pytest.param(replaced("data_offsets", [0, 432]), "begins at byte|take", id="overlap"),
    pytest.param(replaced("data_offsets", [8, 4]), "cut off", id="backwards"),
    pytest.param(replaced("shape", [3, 3, 4, 3]), "of shape", id="transposed"),
    pytest.param(edited(huge_layer), "holds no tensor of that shape", id="huge-layer"),
    pytest.param(edited(unknown_layer), "unknown layer 'os.system'", id="unknown-layer"),
    pytest.param(edited(strange_arguments), "cannot be made", id="arguments"),
    pytest.param(edited(huge_dtype), "dtype 'S2000000000' is none of", id="huge-dtype"),
    pytest.param(edited(input_layer_of_dtype), "dtype 'U2000000000' is none of", id="layer-dtype"),
    pytest.param(edited(model_without_a_call), "NotImplementedError", id="no-call"),
    pytest.param(edited(too_many_layers), "more than 10000 layers", id="layers"),
    pytest.param(edited(lambda d: d.update(version=99)), "version 99", id="version"),
    pytest.param(edited(lambda d: d.pop("weights")), "list of weights", id="no-weights"),
    pytest.param(edited(lambda d: d.update(model=3)), "described by", id="no-model"),
    pytest.param(edited(lambda d: d.update(training={})), "shuffle_seed", id="no-training"),
]


@pytest.mark.parametrize(("change", "message"), ATTACKS)
def test_damaged_and_hostile_files(path, change, message):
    clear_names()
    network().save(path)
    write(path, *change(*parts(path)))
    with pytest.raises(ValueError, match=rf"(?s)cannot read .*({message})"):
        fastcnn.load(path)


@pytest.mark.parametrize("dtype", ["S2000000000", "U9", "O", "V8", "float16", "complex128", 3])
def test_constants_have_dtypes_that_operations_know(path, dtype):
    x = Input((3,))
    Model(x, ops.multiply(x, np.arange(3, dtype=np.float32))).save(path)

    def change(description):
        (call,) = description["model"]["config"]["calls"]
        call["args"][1]["dtype"] = dtype

    write(path, *edited(change)(*parts(path)))
    with pytest.raises(ValueError, match=f"dtype {dtype!r} is none of .*float32"):
        fastcnn.load(path)


def test_few_lines_cannot_describe_billions_of_calls(path):
    def level(inner, calls):
        x = y = Input((2,))
        for _ in range(calls):
            y = inner(y)
        return Model(x, y)

    model = level(layers.Activation("relu"), 2)
    model.save(path)
    header, payload = parts(path)
    description = json.loads(header["__metadata__"]["description"])
    for _ in range(9):
        config = json.loads(json.dumps(description["model"]["config"]))
        config["layers"] = [json.loads(json.dumps(description["model"]))]
        first, second = config["calls"][:2]
        config["calls"] = [first] + [
            {**second, "args": [{"tensor": [number, 0]}]} for number in range(9)
        ]
        config["output_structure"] = {"tensor": [9, 0]}
        description["model"]["config"] = config
    header["__metadata__"]["description"] = json.dumps(description)
    write(path, header, payload)
    with pytest.raises(ValueError, match="more calls"):
        fastcnn.load(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        pytest.param(b'"' + rb"\"" * 500_000, "not JSON", id="escapes"),
        pytest.param(b'"' * 1_000_001, "not JSON", id="quotes"),
        pytest.param(rb"\\" * 500_000 + b'"', "not JSON", id="backslashes"),
        pytest.param(b"[]" * 500_000, "not JSON", id="brackets"),
        pytest.param(b'{"\\\\":' + b"[" * 1_000_000, "nested 1000001 deep", id="behind-escapes"),
        pytest.param(b'{"a":[' + b"[]," * 9_000_000, "at most 8000000", id="many-values"),
    ],
)
def test_strange_headers_take_no_time(path, header, message):
    write(path, header, b"")
    start = time.perf_counter()
    with pytest.raises(ValueError, match=message):
        fastcnn.load(path)
    assert time.perf_counter() - start < max(1.0, len(header) / 4e6)


class Hostile(layers.Layer):
    raised: type[Exception]

    def call(self, x):
        raise self.raised("from a layer")


@pytest.mark.parametrize(
    "kind", [RuntimeError, MemoryError, NotImplementedError, ZeroDivisionError]
)
def test_whatever_a_description_leads_to_is_a_value_error(path, monkeypatch, kind):
    monkeypatch.setattr(Hostile, "raised", kind, raising=False)
    network().save(path)

    def change(description):
        description["model"]["config"]["layers"][1] = {"class_name": "Hostile", "config": {}}

    write(path, *edited(change)(*parts(path)))
    with pytest.raises(ValueError, match=f"cannot read .*{kind.__name__}: from a layer"):
        fastcnn.load(path, custom_objects={"Hostile": Hostile})


@pytest.mark.parametrize("length", [0, 7, 8, 100])
def test_truncated_at_the_start(path, length):
    network().save(path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match="cannot read"):
        fastcnn.load(path)


def test_header_that_is_said_to_be_huge(path):
    network().save(path)
    raw = bytearray(path.read_bytes())
    raw[:8] = struct.pack("<Q", 1 << 62)
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="header is said to have"):
        fastcnn.load(path)


def test_altered_contents_are_found_when_asked(path):
    network().save(path)
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    fastcnn.load(path)
    with pytest.raises(ValueError, match="SHA-256"):
        fastcnn.load(path, verify=True)


def test_every_cut_and_every_flip_of_the_header_is_survived(path):
    clear_names()
    network().save(path)
    whole = path.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    generator = np.random.default_rng(0)
    for _ in range(300):
        raw = bytearray(whole)
        raw[int(generator.integers(8 + length))] = int(generator.integers(256))
        path.write_bytes(raw)
        try:
            fastcnn.load(path, verify=True)
        except ValueError:
            continue


def huge_call(name, *args, **kwargs):
    """A call of constants alone, before all others."""

    def change(description):
        config = description["model"]["config"]
        config["calls"].append({"op": name, "args": [*args], "kwargs": kwargs})
        config["output_structure"] = {"tensor": [len(config["calls"]) - 1, 0]}

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(huge_call("broadcast_to", 1.0, {"tuple": [300_000_000]}), id="repeated"),
        pytest.param(
            huge_call("pad", {"list": [1.0]}, {"list": [{"tuple": [0, 1 << 30]}]}), id="pad"
        ),
        pytest.param(huge_call("random_normal", {"tuple": [1 << 30]}, 1), id="random"),
    ],
)
def test_no_operation_runs_while_a_file_is_read(path, change):
    x = Input((3,))
    Model(x, ops.exp(x)).save(path)
    write(path, *edited(change)(*parts(path)))
    with pytest.raises(ValueError, match="takes no value of the model, only constants"):
        fastcnn.load(path)


class Repeats(layers.Layer):
    def call(self, values):
        x, scale = values
        return ops.multiply(ops.sum(ops.broadcast_to(x, (1 << 38,))), scale)


def test_constants_of_layers_are_not_computed_with(path):
    x = Input(())
    y = Repeats()([np.float32([1]), x])
    assert y.shape == (None,)
    Model(x, y).save(path)
    assert fastcnn.load(path, custom_objects={"Repeats": Repeats}).output_shape == (None,)


@pytest.mark.parametrize(
    ("metric", "setting", "message"),
    [
        (fastcnn.metrics.AUC(), "num_thresholds", "AUC: num_thresholds must be at most 65536"),
        (
            fastcnn.metrics.SensitivityAtSpecificity(0.5),
            "num_thresholds",
            "SensitivityAtSpecificity: num_thresholds must be at most 65536",
        ),
        (fastcnn.metrics.MeanIoU(3), "num_classes", "MeanIoU: num_classes .* at most 16384"),
        (fastcnn.metrics.OneHotMeanIoU(3), "num_classes", "num_classes .* at most 16384"),
    ],
)
def test_metrics_of_files_are_bounded(path, metric, setting, message):
    model = network()
    model.compile("sgd", "mse", metrics=[metric])
    model.save(path)

    def change(description):
        (entry,) = description["compile"]["metrics"]
        entry["config"][setting] = 1 << 28

    write(path, *edited(change)(*parts(path)))
    with pytest.raises(ValueError, match=message):
        fastcnn.load(path)


@pytest.mark.parametrize("state", [[1, -2, 0], [1, np.nan], [1e300, 1], [2, 1 << 40, 1 << 40]])
def test_state_of_a_metric_that_is_damaged(state):
    with pytest.raises(ValueError, match="size|reshape"):
        fastcnn.metrics.AUC().restore(np.float64(state))

"""Model files: what comes back, and what is refused."""

from __future__ import annotations

import json
import os
import struct
import time

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, layers, ops
from fastcnn.naming import clear_names
from fastcnn.saving import model_file


def network(dropout=0.0):
    return Sequential(
        [
            Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture
def data(rng):
    return rng.integers(0, 256, (20, 8, 8, 3), np.uint8), rng.integers(0, 3, 20)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def test_sequential_comes_back(path, data):
    model = network()
    model.metadata["class_names"] = ["a", "b", "c"]
    model.save(path)
    again = fastcnn.load(path, verify=True)
    assert type(again) is Sequential
    assert again.name == model.name
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.metadata == {"class_names": ["a", "b", "c"]}
    assert not again.compiled
    np.testing.assert_array_equal(again.predict(data[0]), model.predict(data[0]))


def test_functional_comes_back(path, rng):
    a, b = Input((4, 4, 2), name="a"), Input((3,), name="b")
    shared = layers.Dense(3, name="shared")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1)(a))
    inner = Sequential([Input((3,)), layers.Dense(3, "relu")], name="inner")
    y = ops.multiply(inner(shared(x)) + shared(b), np.array([1.5, 2.5, -1.0], np.float32))
    model = Model({"a": a, "b": b}, {"sum": ops.sum(y, axis=-1, keepdims=True), "y": y - 1})
    model.save(path)
    again = fastcnn.load(path)
    x = {"a": rng.standard_normal((5, 4, 4, 2)), "b": rng.standard_normal((5, 3))}
    want, got = model.predict(x), again.predict(x)
    assert list(got) == ["sum", "y"]
    for key, values in want.items():
        np.testing.assert_array_equal(got[key], values)
    assert len(again.weights) == len(model.weights)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_training_goes_on_bit_for_bit(path, data, optimizer):
    def train(model, **epochs):
        return model.fit(*data, batch_size=8, verbose=0, **epochs)

    model = network(dropout=0.4)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    train(model, epochs=2)
    model.save(path)
    want = train(model, initial_epoch=2, epochs=4).history
    again = fastcnn.load(path)
    got = train(again, initial_epoch=2, epochs=4).history
    assert got == want
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Doubled(layers.Layer):
    def __init__(self, units, **rest):
        super().__init__()
        self.units = units
        self.inner = layers.Dense(units)

    def call(self, x):
        return ops.multiply(self.inner(x), 2.0)

    def get_config(self):
        return {"units": self.units}


class Small(Model):
    def __init__(self, units=2):
        super().__init__()
        self.units = units
        self.first = Doubled(units)
        self.second = layers.Dense(1)

    def call(self, x):
        return self.second(self.first(x))


def half_squared_error(y_true, y_pred):
    return ops.multiply(ops.mean_squared_error(y_true, y_pred), 0.5)


def test_custom_objects_are_handed_in(path, rng):
    model = Small(5)
    model.compile("adam", half_squared_error)
    x, y = rng.standard_normal((16, 3)), rng.standard_normal((16, 1))
    model.fit(x, y, verbose=0)
    model.save(path)
    with pytest.raises(ValueError, match="unknown layer 'Small'.*custom_objects"):
        fastcnn.load(path)
    mine = {"Small": Small, "Doubled": Doubled, "half_squared_error": half_squared_error}
    again = fastcnn.load(path, custom_objects=mine)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def test_weights_alone(path, data):
    model, other = network(), network()
    model.save_weights(path)
    other.load_weights(path)
    np.testing.assert_array_equal(other.predict(data[0]), model.predict(data[0]))
    with pytest.raises(ValueError, match="weights only.*load_weights"):
        fastcnn.load(path)
    with pytest.raises(ValueError, match="holds 8 weights, the model has 2"):
        Sequential([Input((2,)), layers.Dense(2)]).load_weights(path)


def test_unbuilt_models_have_nothing_to_save(path):
    with pytest.raises(ValueError, match="no weights yet"):
        Sequential([layers.Dense(2)]).save(path)
    assert not path.exists()


def test_written_at_once_or_not_at_all(path, tmp_path, monkeypatch):
    network().save(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        network().save(path, overwrite=False)

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        network().save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]
    with pytest.raises(FileNotFoundError, match="no folder"):
        network().save(tmp_path / "missing" / "model")


def test_permissions_are_those_of_any_file(path, tmp_path):
    (tmp_path / "other").write_text("")
    network().save(path)
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def parts(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def write(path, header, payload):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + payload)


def edited(change):
    """A file whose description was changed by ``change(description)``."""

    def edit(header, payload):
        description = json.loads(header["__metadata__"]["description"])
        change(description)
        header["__metadata__"]["description"] = json.dumps(description)
        return header, payload

    return edit


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
    pytest.param(lambda h, p: (b"[1, 2]", p), "no JSON object", id="list"),
    pytest.param(lambda h, p: (b"\xff\xfe{}", p), "no JSON", id="no-text"),
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
        pytest.param(b'"' + rb"\"" * 500_000, "no JSON", id="escapes"),
        pytest.param(b'"' * 1_000_001, "no JSON", id="quotes"),
        pytest.param(rb"\\" * 500_000 + b'"', "no JSON", id="backslashes"),
        pytest.param(b"[]" * 500_000, "no JSON", id="brackets"),
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


def test_brackets_in_strings_are_no_depth(path):
    model = network()
    model.metadata["text"] = '"[{\\' * 300
    model.save(path)
    assert fastcnn.load(path).metadata == model.metadata


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


def test_what_could_not_be_read_again_is_not_saved(path, tmp_path, monkeypatch):
    model = network()
    model.metadata["text"] = "x" * (64 << 20)
    with pytest.raises(ValueError, match="cannot save .* at most 67108864"):
        model.save(path)
    model.metadata = {"deep": json.loads("[" * 250 + "]" * 250)}
    with pytest.raises(ValueError, match="cannot save .* nested 25. deep"):
        model.save(path)
    model.metadata = {}
    monkeypatch.setattr(model_file, "_MOST_LAYERS", 5)
    with pytest.raises(ValueError, match="has 8 layers, at most 5"):
        model.save(path)
    assert os.listdir(tmp_path) == []


def test_names_of_many_layers_are_compared_quickly():
    many = [layers.Activation("relu", name=f"a{number}") for number in range(20_000)]
    start = time.perf_counter()
    Sequential(many)
    assert time.perf_counter() - start < 3
    with pytest.raises(ValueError, match="a layer called 'a0' is there already"):
        Sequential([*many, layers.Activation("relu", name="a0")])


def test_weights_of_the_same_name(path):
    inner = [
        Sequential([Input((1,)), layers.Dense(1, use_bias=False, name=name)])
        for name in ["same", "same", "optimizer/0", "optimizer/0", "same"]
    ]
    Sequential(inner).save(path)
    names = [name for name in parts(path)[0] if name != "__metadata__"]
    assert sorted(names) == [
        "0/kernel:2", "0/kernel:3", "same/kernel", "same/kernel:2", "same/kernel:3"
    ]  # fmt: skip
    again = fastcnn.load(path)
    np.testing.assert_array_equal(again.predict([[3.0]]), Sequential(inner).predict([[3.0]]))


def test_names_of_many_outputs():
    x = Input((3,))
    same = layers.Activation("relu", name="same")
    model = Model(x, [same(x) for _ in range(3)])
    assert model.output_names == ["same", "same_1", "same_2"]


def my_schedule(step):
    return 0.1 / (step + 1)


def test_schedules_are_handed_in(path):
    model = network()
    model.compile(fastcnn.optimizers.SGD(my_schedule), "mse")
    model.save(path)
    with pytest.raises(ValueError, match="unknown learning rate schedule 'my_schedule'"):
        fastcnn.load(path)
    again = fastcnn.load(path, custom_objects={"my_schedule": my_schedule})
    assert again.optimizer.learning_rate == 0.1


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

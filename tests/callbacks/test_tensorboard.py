"""TensorBoard: the tags and values that Keras writes, read back from the files."""

from __future__ import annotations

import struct
import sys

import numpy as np
import pytest

from fastcnn import Input, Sequential, callbacks, layers

X = np.linspace(-1, 1, 32, dtype=np.float32).reshape(16, 2)
Y = X[:, :1] * 2


@pytest.fixture
def writer():
    return pytest.importorskip("tensorboardX", reason="needs tensorboardX")


@pytest.fixture
def model():
    model = Sequential([Input((2,)), layers.Dense(1, name="dense")])
    model.compile("sgd", "mse")
    return model


def events(folder):
    """All summaries of the one file in a folder: ``{tag: {step: value}}``."""
    from tensorboardX.proto.event_pb2 import Event

    (path,) = folder.glob("events*")
    content, found = path.read_bytes(), {}
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        event = Event.FromString(content[12 : 12 + length])
        for value in event.summary.value:
            found.setdefault(value.tag, {})[event.step] = value
        content = content[16 + length :]
    return found


def test_epochs_and_batches(writer, model, tmp_path):
    board = callbacks.TensorBoard(
        tmp_path, histogram_freq=1, update_freq=2, write_steps_per_second=True
    )
    history = model.fit(
        X, Y, batch_size=4, epochs=2, validation_data=(X, Y), callbacks=board, verbose=0
    ).history
    train, validation = events(tmp_path / "train"), events(tmp_path / "validation")
    losses = [train["epoch_loss"][epoch].simple_value for epoch in (0, 1)]
    np.testing.assert_allclose(losses, history["loss"], rtol=1e-6)
    losses = [validation["epoch_loss"][epoch].simple_value for epoch in (0, 1)]
    np.testing.assert_allclose(losses, history["val_loss"], rtol=1e-6)
    assert train["epoch_learning_rate"][1].simple_value == pytest.approx(0.01)
    assert train["epoch_steps_per_second"][1].simple_value > 0
    assert sorted(train["batch_loss"]) == [1, 3, 5, 7]
    assert sorted(validation["evaluation_loss_vs_iterations"]) == [4, 8]
    assert train["dense/kernel"][1].histo.num == 2
    assert any("keras" in tag for tag in train)


def test_kernels_as_pictures(writer, tmp_path):
    model = Sequential([Input((4, 4, 3)), layers.Conv2D(2, 3, name="conv"), layers.Flatten()])
    model.compile("sgd", "mse")
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, write_images=True, write_graph=False)
    model.fit(np.ones((2, 4, 4, 3)), np.ones((2, 8)), callbacks=board, verbose=0)
    assert any(tag.startswith("conv/kernel") for tag in events(tmp_path / "train"))


def test_without_a_writer(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match=r'pip install "fastcnn\[tensorboard\]"'):
        callbacks.TensorBoard()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"profile_batch": 2}, "profile_batch=2 is not supported"),
        ({"embeddings_freq": 1}, "embeddings are not supported"),
        ({"update_freq": 0}, "update_freq must be 'epoch', 'batch' or a number of steps, got 0"),
        ({"update_freq": "step"}, "update_freq must be"),
    ],
)
def test_settings_that_are_not_supported(settings, message):
    with pytest.raises(ValueError, match=message):
        callbacks.TensorBoard(**settings)

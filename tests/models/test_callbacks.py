"""Callbacks: what they do and when."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Sequential, callbacks, layers, optimizers


@pytest.fixture
def model():
    fastcnn.set_random_seed(0)
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.05), "mse")
    return model


X = np.linspace(-1, 1, 32, dtype=np.float32).reshape(16, 2)
Y = X[:, :1] * 2


def fit(model, *hooks, epochs=5, **settings):
    return model.fit(X, Y, epochs=epochs, batch_size=4, callbacks=hooks, verbose=0, **settings)


def test_order_of_hooks(model):
    calls = []
    hooks = callbacks.LambdaCallback(
        on_train_begin=lambda logs: calls.append("begin"),
        on_epoch_begin=lambda epoch, logs: calls.append(f"epoch {epoch}"),
        on_train_batch_begin=lambda batch, logs: calls.append(f"batch {batch}"),
        on_train_batch_end=lambda batch, logs: calls.append(sorted(logs)),
        on_epoch_end=lambda epoch, logs: calls.append(sorted(logs)),
        on_train_end=lambda logs: calls.append("end"),
    )
    model.fit(X, Y, batch_size=8, callbacks=[hooks], validation_data=(X, Y), verbose=0)
    batches = ["batch 0", ["loss"], "batch 1", ["loss"]]
    assert calls == ["begin", "epoch 0", *batches, ["loss", "val_loss"], "end"]


def test_early_stopping_counts_and_restores(model):
    kept = []

    class Spoil(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(model.get_weights())
            logs["quality"] = [3, 5, 4, 4, 9][epoch]

    stop = callbacks.EarlyStopping("quality", patience=2, mode="max", restore_best_weights=True)
    history = fit(model, Spoil(), stop)
    assert history.epoch == [0, 1, 2, 3]
    assert stop.best_epoch == 1
    np.testing.assert_array_equal(model.get_weights()[0], kept[1][0])


def test_monitors_wait_for_a_validation_that_is_not_due(model, tmp_path):
    stop = callbacks.EarlyStopping(patience=1, mode="max")  # the loss falls: stops when it counts
    best = callbacks.ModelCheckpoint(tmp_path / "best", save_best_only=True)
    settings = {"validation_data": (X, Y), "validation_freq": 2, "epochs": 9}
    history = fit(model, stop, best, **settings)
    assert history.epoch == [0, 1, 2, 3]
    assert (tmp_path / "best").exists()
    with pytest.raises(ValueError, match="no 'val_accuracy'"):
        fit(model, callbacks.EarlyStopping("val_accuracy"), **settings)
    with pytest.raises(ValueError, match="no 'val_loss'"):
        fit(model, callbacks.EarlyStopping(), **settings | {"validation_freq": 10})
    with pytest.raises(ValueError, match="end of an epoch only"):
        callbacks.ModelCheckpoint(tmp_path / "best", save_best_only=True, save_freq=3)


def test_old_names_of_batch_hooks(model):
    calls = []

    class Old(callbacks.Callback):
        def on_batch_begin(self, batch, logs=None):
            calls.append(batch)

        def on_batch_end(self, batch, logs=None):
            calls.append(sorted(logs))

    fit(model, Old(), epochs=1)
    assert calls == [0, ["loss"], 1, ["loss"], 2, ["loss"], 3, ["loss"]]


def test_one_callback_without_a_list(model):
    stop = callbacks.EarlyStopping("loss", mode="max")
    assert len(model.fit(X, Y, epochs=5, callbacks=stop, verbose=0).epoch) == 2
    model.evaluate(X, Y, callbacks=stop, verbose=0)
    model.predict(X, callbacks=stop, verbose=0)


def test_monitors_name_what_is_missing(model):
    with pytest.raises(ValueError, match="no 'val_loss' in the logs, which have loss.*validation"):
        fit(model, callbacks.EarlyStopping())


def test_checkpoints(model, tmp_path):
    every = tmp_path / "{epoch:02d}-{loss:.3f}.model"
    best = tmp_path / "best"
    history = fit(
        model,
        callbacks.ModelCheckpoint(every),
        callbacks.ModelCheckpoint(best, monitor="loss", save_best_only=True),
        callbacks.ModelCheckpoint(tmp_path / "weights", save_weights_only=True, save_freq=3),
        epochs=3,
    )
    losses = history.history["loss"]
    names = {f"{n + 1:02d}-{loss:.3f}.model" for n, loss in enumerate(losses)}
    assert {path.name for path in tmp_path.iterdir()} == names | {"best", "weights"}
    again = fastcnn.load(best)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    with pytest.raises(ValueError, match="names 'accuracy', which is not in the logs: loss"):
        fit(model, callbacks.ModelCheckpoint(tmp_path / "{accuracy}"))


def test_csv_log(model, tmp_path):
    path = tmp_path / "log.csv"
    fit(model, callbacks.CSVLogger(path), epochs=4, validation_data=(X, Y), validation_freq=2)
    fit(model, callbacks.CSVLogger(path, append=True), epochs=6, initial_epoch=4)
    assert path.read_text().splitlines()[0] == "epoch,loss,val_loss"
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == list("012345")
    assert [row["val_loss"] == "NA" for row in rows] == [True, False, True, False, True, True]
    assert float(rows[0]["loss"]) > float(rows[3]["loss"])


def test_csv_columns_are_sorted(model, tmp_path):
    model.compile("sgd", "mse", metrics=["mae", "accuracy"])
    fit(model, callbacks.CSVLogger(tmp_path / "log"), epochs=1, validation_data=(X, Y))
    header = (tmp_path / "log").read_text().splitlines()[0]
    assert header == "epoch,accuracy,loss,mae,val_accuracy,val_loss,val_mae"


def test_learning_rate_schedules_of_the_epoch_alone(model):
    history = fit(model, callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)), epochs=2)
    assert history.history["learning_rate"] == [0.1, 0.05]

    def wrong(epoch, rate):
        return rate + "1"

    with pytest.raises(TypeError, match="unsupported operand"):
        fit(model, callbacks.LearningRateScheduler(wrong))


def test_learning_rate_schedule(model, capsys):
    history = fit(
        model, callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1), epochs=3
    )
    assert history.history["learning_rate"] == [0.025, 0.0125, 0.00625]
    assert "Epoch 3: LearningRateScheduler" in capsys.readouterr().out
    with pytest.raises(ValueError, match="must return a number, got 'fast'"):
        fit(model, callbacks.LearningRateScheduler(lambda epoch, rate: "fast"))


def test_stopping_in_the_middle_of_an_epoch(model):
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    fit(model, Stop())
    assert model.optimizer.iterations == 2

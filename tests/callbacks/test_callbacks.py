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


def plateau(model, values, **settings):
    """Rates after epochs in which a number took these values."""
    rates = []

    class Play(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["quality"] = values[epoch]

    class Note(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))
            assert logs["learning_rate"] == rates[-2] if epoch else 0.05

    reduce = callbacks.ReduceLROnPlateau("quality", **settings)
    fit(model, Play(), reduce, Note(), epochs=len(values))
    return rates


def test_rate_falls_on_a_plateau(model):
    rates = plateau(model, [3, 2, 2, 2, 2, 1, 1], factor=0.5, patience=2, min_lr=0.02)
    np.testing.assert_allclose(rates, [0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025])


def test_rate_rests_after_a_reduction(model):
    rates = plateau(model, [2, 2, 2, 2, 2, 2], factor=0.1, patience=1, cooldown=2)
    np.testing.assert_allclose(rates, [0.05, 0.005, 0.005, 0.0005, 0.0005, 0.00005])


def test_rate_never_falls_below_its_bound(model, capsys):
    rates = plateau(model, [1, 1, 1, 1], factor=0.1, patience=1, min_lr=0.01, mode="max", verbose=1)
    np.testing.assert_allclose(rates, [0.05, 0.01, 0.01, 0.01])
    assert capsys.readouterr().out.count("ReduceLROnPlateau reduces the learning rate to 0.01") == 1


def test_plateau_that_cannot_be(model):
    for factor in (1.0, 2, 0):
        with pytest.raises(ValueError, match="factor must lie between 0 and 1"):
            callbacks.ReduceLROnPlateau(factor=factor)
    model.optimizer.learning_rate = lambda step: 0.1
    with pytest.raises(ValueError, match="follows a schedule"):
        fit(model, callbacks.ReduceLROnPlateau("loss"))


def test_lambda_for_hooks_of_evaluation(model):
    calls = []
    hooks = callbacks.LambdaCallback(on_test_end=lambda logs: calls.append(sorted(logs)))
    model.evaluate(X, Y, callbacks=hooks, verbose=0)
    assert calls == [["loss"]]
    with pytest.raises(TypeError, match="no hook 'on_epoch'; hooks are on_train_begin"):
        callbacks.LambdaCallback(on_epoch=print)
    with pytest.raises(TypeError, match="on_test_end must be a function, got 3"):
        callbacks.LambdaCallback(on_test_end=3)


def batches(count):
    for _ in range(count):
        yield X[:4], Y[:4]


def test_data_that_runs_out(model):
    with pytest.warns(UserWarning, match=r"ran out in epoch 2 of 4, after 14 batches of 40 "):
        history = model.fit(batches(14), steps_per_epoch=10, epochs=4, verbose=0)
    assert history.epoch == [0, 1]
    with pytest.warns(UserWarning, match=r"ran out in epoch 2 of 3, after 5 batches: .*while True"):
        history = model.fit(batches(5), epochs=3, verbose=0)
    assert history.epoch == [0]
    used_up = batches(0)
    with pytest.raises(ValueError, match="there are no batches: .*Make a new one"):
        model.fit(used_up, verbose=0)


def test_passes_over_arrays_never_repeat_an_order(model):
    seen = []

    class Note(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(self.model.place.batch.arrays[0][:, 0].copy())

    model.fit(X, Y, batch_size=16, steps_per_epoch=3, epochs=3, callbacks=Note(), verbose=0)
    assert len({order.tobytes() for order in seen}) == 9


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_measure_and_weights_learn(swap_on_epoch, model):
    settings = {"use_ema": True, "ema_momentum": 0.5}
    seen, plain = [], Sequential([Input((2,)), layers.Dense(1)])
    plain.set_weights(model.get_weights())
    for each in (model, plain):
        each.compile(optimizers.SGD(0.05, **settings), "mse")

    class See(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(("begin", self.model.get_weights()[0]))

        def on_test_end(self, logs=None):
            seen.append(("test", self.model.get_weights()[0]))

        def on_epoch_end(self, epoch, logs=None):
            seen.append(("end", self.model.get_weights()[0]))

    swap = callbacks.SwapEMAWeights(swap_on_epoch)
    settings = {"shuffle": False, "validation_data": (X, Y)}
    history = fit(model, See(), swap, See(), epochs=3, **settings).history
    alone = fit(plain, epochs=3, **settings).history
    assert history["loss"] == alone["loss"]  # training is the same
    assert history["val_loss"] != alone["val_loss"]
    before_swap, after_swap = seen[0::2], seen[1::2]
    for (hook, raw), (_, shown) in zip(before_swap, after_swap):
        swapped = hook == "test" or (hook == "end" and swap_on_epoch)
        swapped = swapped or (hook == "begin" and swap_on_epoch and raw is not before_swap[0][1])
        assert (not np.array_equal(raw, shown)) == swapped
    # Both end with the averages.
    np.testing.assert_array_equal(model.get_weights()[0], plain.get_weights()[0])


def test_averages_that_nobody_keeps(model):
    with pytest.raises(ValueError, match="keeps no averages: make it with use_ema=True"):
        fit(model, callbacks.SwapEMAWeights())

"""The table of a model."""

from __future__ import annotations

from fastcnn import Input, Model, Sequential, layers
from fastcnn.naming import clear_names


def table(model, **settings):
    lines: list[str] = []
    model.summary(print_fn=lines.append, **settings)
    return "\n".join(lines)


def test_a_stack():
    clear_names()
    model = Sequential(
        [
            Input((8, 8, 3)),
            layers.Conv2D(4, 3),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    # 6*6 pixels of 4 filters of 27 taps; 36 features to 10 units
    assert table(model) == "\n".join(
        [
            'Model: "sequential"',
            "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━┳━━━━━━━┓",
            "┃ Layer (type)                 ┃ Output Shape    ┃ Param # ┃  MACs ┃ Bytes ┃",
            "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━╇━━━━━━━┩",
            "│ conv2d (Conv2D)              │ (None, 6, 6, 4) │     112 │ 3,888 │   576 │",
            "├──────────────────────────────┼─────────────────┼─────────┼───────┼───────┤",
            "│ max_pooling2d (MaxPooling2D) │ (None, 3, 3, 4) │       0 │     0 │   144 │",
            "├──────────────────────────────┼─────────────────┼─────────┼───────┼───────┤",
            "│ flatten (Flatten)            │ (None, 36)      │       0 │     0 │   144 │",
            "├──────────────────────────────┼─────────────────┼─────────┼───────┼───────┤",
            "│ dense (Dense)                │ (None, 10)      │     370 │   360 │    40 │",
            "└──────────────────────────────┴─────────────────┴─────────┴───────┴───────┘",
            " Total params: 482 (1.88 KB)",
            " Trainable params: 482 (1.88 KB)",
            " Non-trainable params: 0 (0.00 B)",
            " Multiply-adds per example: 4,248",
        ]
    )


def test_branches_say_where_they_come_from():
    x = Input((4, 4, 2), name="image")
    a, b = layers.Conv2D(3, 1, name="a")(x), layers.Conv2D(3, 1, name="b")(x)
    inner = Sequential([Input((3,)), layers.Dense(2, name="last")], name="inner")
    y = layers.GlobalAveragePooling2D(name="pool")(a + b)
    text = table(Model(x, inner(y)), expand_nested=True, show_trainable=True)
    assert "Connected to" in text
    assert "add (operation)" in text
    assert "a, b" in text
    assert "└ last (Dense)" in text
    assert "Trainable" in text


def test_open_sizes_leave_question_marks():
    x = Input((None, None, 3))
    text = table(Model(x, layers.Conv2D(2, 3)(x)))
    assert "(None, None, None, 2)" in text
    assert "?" in text
    assert "Multiply-adds" not in text


def test_models_without_shapes():
    text = table(Sequential([layers.Dense(3)]))
    assert "unbuilt" in text
    assert "not built yet" in text


def test_a_given_length_is_the_most_there_is(monkeypatch, capsys):
    clear_names()
    model = Sequential([Input((8, 8, 3)), layers.Conv2D(4, 3, name="a_convolution_of_some_name")])
    narrow = table(model, line_length=40).split("\n")
    assert max(len(line) for line in narrow if line and line[0] in "┏┃│└") <= 40
    assert "…" in "".join(narrow)
    wide = table(model, line_length=120).split("\n")
    assert max(map(len, wide)) == 120
    monkeypatch.setenv("COLUMNS", "45")
    model.summary()
    shown = capsys.readouterr().out.split("\n")
    assert max(len(line) for line in shown if line and line[0] in "┏┃│└") <= 45

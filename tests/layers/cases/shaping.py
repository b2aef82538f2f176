"""Rows of layers that join, move, add or select values."""

from __future__ import annotations

from layers.cases.row import Config, Rng, Row, batch, pick, sizes

__all__ = ["SHAPING"]


def merged(rng: Rng) -> Config:
    """Two to four inputs, some with sizes of 1, some of fewer axes, in any order."""
    # Keras' TensorFlow backend adds wrongly where a later input has one size other than 1 that is
    # also the second or last size of the sum before it: it takes such an input for a bias of that
    # axis (docs/keras.md). A batch of 7, with smaller images, is none.
    shape = (7, *batch(rng, pick(rng, 1, 2, 3), 2))
    shapes = [shape]
    for _ in range(int(rng.integers(1, 4))):
        sizes_ = [1 if rng.random() < 0.3 else size for size in shape[1:]]
        shapes.append((7, *sizes_[int(rng.integers(0, len(sizes_))) :]))
    return Config({}, [shapes[int(i)] for i in rng.permutation(len(shapes))])


def two(rng: Rng) -> Config:
    config = merged(rng)
    assert isinstance(config.shape, list)
    return Config({}, config.shape[:2])


def concatenated(rng: Rng) -> Config:
    shape = batch(rng, pick(rng, 2, 3, 4), 2)
    axis = int(rng.integers(1, len(shape)))
    shapes = [
        tuple(int(rng.integers(1, 5)) if i == axis else size for i, size in enumerate(shape))
        for _ in range(int(rng.integers(2, 5)))
    ]
    return Config({"axis": pick(rng, axis, axis - len(shape))}, shapes)


def dot(rng: Rng) -> Config:
    count, n = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    a = [count, *sizes(rng, pick(rng, 0, 1, 1))]
    b = [count, *sizes(rng, pick(rng, 0, 1, 1))]
    axes = [int(rng.integers(1, len(a) + 1)), int(rng.integers(1, len(b) + 1))]
    a.insert(axes[0], n)
    b.insert(axes[1], n)
    given = axes[0] if axes[0] == axes[1] else axes
    return Config({"axes": given, "normalize": pick(rng, True, False)}, [tuple(a), tuple(b)])


def permute(rng: Rng) -> Config:
    rank = pick(rng, 1, 2, 3)
    return Config({"dims": tuple(int(i) + 1 for i in rng.permutation(rank))}, batch(rng, rank + 1))


def reshape(rng: Rng) -> Config:
    shape = batch(rng, 4)
    target = list(rng.permutation(shape[1:]))
    if rng.random() < 0.5:
        target[int(rng.integers(3))] = -1
    return Config({"target_shape": tuple(int(n) for n in target)}, shape)


def padded(rank: int):
    def draw(rng: Rng) -> Config:
        pairs = tuple(sizes(rng, 2, 0, 3) for _ in range(rank))
        symmetric = sizes(rng, rank, 0, 2)
        choices = [int(rng.integers(0, 3)), pairs if rank > 1 else pairs[0]]
        if rank > 1:
            choices.append(symmetric)
        return Config({"padding": pick(rng, *choices)}, batch(rng, rank + 2))

    return draw


def cropped(rank: int):
    def draw(rng: Rng) -> Config:
        pairs = tuple(sizes(rng, 2, 0, 2) for _ in range(rank))
        choices = [int(rng.integers(0, 2)), pairs if rank > 1 else pairs[0]]
        if rank > 1:
            choices.append(sizes(rng, rank, 0, 2))
        return Config({"cropping": pick(rng, *choices)}, (2, *sizes(rng, rank, 5, 7), 3))

    return draw


def upsampled(rank: int):
    def draw(rng: Rng) -> Config:
        size = int(rng.integers(1, 4))
        several = size if rank == 1 else pick(rng, size, sizes(rng, rank, 1, 3))
        return Config({"size": several}, batch(rng, rank + 2))

    return draw


def upsampled_smoothly(rng: Rng) -> Config:
    arguments = {
        "size": sizes(rng, 2, 2, 4),
        "interpolation": pick(rng, "bilinear", "lanczos3", "lanczos5"),
    }
    return Config(arguments, batch(rng, 4, 2))


def resized(rng: Rng) -> Config:
    arguments = {
        "height": int(rng.integers(1, 12)),
        "width": int(rng.integers(1, 12)),
        "interpolation": pick(rng, "bilinear", "nearest", "area", "lanczos3", "lanczos5"),
        "antialias": pick(rng, True, False),
        "crop_to_aspect_ratio": False,
        "pad_to_aspect_ratio": False,
    }
    aspect = pick(rng, None, "crop_to_aspect_ratio", "pad_to_aspect_ratio")
    if aspect:
        arguments[aspect] = True
    return Config(arguments, (2, *sizes(rng, 2, 2, 11), 3))


def resized_by_cubics(rng: Rng) -> Config:
    arguments = {
        "height": int(rng.integers(1, 12)),
        "width": int(rng.integers(1, 12)),
        "interpolation": "bicubic",
        "antialias": pick(rng, True, False),
    }
    return Config(arguments, (2, *sizes(rng, 2, 2, 11), 3))


def center(rng: Rng) -> Config:
    arguments = {"height": int(rng.integers(1, 9)), "width": int(rng.integers(1, 9))}
    return Config(arguments, (2, *sizes(rng, 2, 2, 9), 2))


def normalised(rng: Rng) -> Config:
    shape = batch(rng, pick(rng, 2, 3, 4), 2)
    channels = shape[-1]
    arguments = {
        "axis": -1,
        "mean": [round(float(v), 2) for v in rng.standard_normal(channels)],
        "variance": [round(float(v), 2) for v in rng.uniform(0.5, 2, channels)],
        "invert": pick(rng, True, False),
    }
    if rng.random() < 0.3:
        arguments.update(axis=None, mean=0.5, variance=2.0)
    return Config(arguments, shape)


def rescaled(rng: Rng) -> Config:
    return Config({"scale": pick(rng, 2.0, 1 / 255), "offset": pick(rng, 0.0, -1.0)}, batch(rng, 3))


SHAPING = [
    *(Row(name, merged, 8) for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")),
    Row("Subtract", two, 8),
    Row("Concatenate", concatenated, 5),
    Row("Dot", dot, 10),
    Row("Permute", permute, 4),
    Row("Reshape", reshape, 4),
    Row("Flatten", lambda rng: Config({}, batch(rng, pick(rng, 2, 3, 4))), 3),
    Row("RepeatVector", lambda rng: Config({"n": int(rng.integers(1, 5))}, batch(rng, 2)), 3),
    *(Row(f"ZeroPadding{rank}D", padded(rank), 4) for rank in (1, 2, 3)),
    *(Row(f"Cropping{rank}D", cropped(rank), 4) for rank in (1, 2, 3)),
    *(Row(f"UpSampling{rank}D", upsampled(rank), 3) for rank in (1, 2, 3)),
    Row("UpSampling2D", upsampled_smoothly, 5, label="smooth"),
    # Resizing has no gradient in Keras 3 for some interpolations.
    Row("Resizing", resized, 12, gradients=False),
    # TensorFlow rounds places between pixels to 1/1024 where it does not antialias.
    Row("Resizing", resized_by_cubics, 6, gradients=False, tolerance=3e-3, label="cubic"),
    Row("CenterCrop", center, 6, gradients=False),
    Row("Normalization", normalised, 6),
    Row("Rescaling", rescaled, 3),
]

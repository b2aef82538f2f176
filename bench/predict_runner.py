"""Predicts one image again and again for ``bench.predict_one``. Not run by hand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.libraries import load_keras
from bench.textbook import textbook
from fastcnn.bench.peer_process import MISSING, WorkerChannel
from fastcnn.bench.timing import time_slice

Array = np.ndarray


def keras_call(
    library: str, way: str, weights: list[Array], image: Array, threads: int
) -> Callable[[], Array]:
    """Return a call of fastcnn or Keras; ``way`` is predict_on_batch, call or predict."""
    keras = load_keras(library, threads)
    model = textbook(keras)
    model.set_weights(weights)
    if way == "predict":
        return lambda: model.predict(image, verbose=0)
    if way == "call":
        return lambda: np.asarray(model(image))
    return lambda: model.predict_on_batch(image)


def planes_first(weights: list[Array]) -> list[Array]:
    """The weights as peers with channels first want them, those of the first Dense included.

    Flatten walks the last image channels-first there, so the rows of that kernel move.
    """
    out = [w.transpose(3, 2, 0, 1) if w.ndim == 4 else w for w in weights]
    filters = weights[4].shape[3]
    side = int(np.sqrt(len(weights[6]) // filters))
    rows = weights[6].reshape(side, side, filters, -1).transpose(2, 0, 1, 3)
    out[6] = rows.reshape(weights[6].shape)
    return [np.ascontiguousarray(w) for w in out]


def onnx_model(weights: list[Array]) -> bytes:
    """Return the textbook CNN in ONNX, images channels-first."""
    from onnx import TensorProto, helper, numpy_helper

    names = ("k1", "b1", "k2", "b2", "k3", "b3", "k4", "b4", "k5", "b5")
    constants = [
        numpy_helper.from_array(w, name)
        for w, name in zip(planes_first(weights), names, strict=True)
    ]
    nodes = []
    here = "image"
    for block in "123":
        nodes += [
            helper.make_node("Conv", [here, f"k{block}", f"b{block}"], [f"conv{block}"]),
            helper.make_node("Relu", [f"conv{block}"], [f"relu{block}"]),
            helper.make_node(
                "MaxPool", [f"relu{block}"], [f"pool{block}"], kernel_shape=[2, 2], strides=[2, 2]
            ),
        ]
        here = f"pool{block}"
    nodes += [
        helper.make_node("Flatten", [here], ["flat"]),
        helper.make_node("Gemm", ["flat", "k4", "b4"], ["dense"]),
        helper.make_node("Relu", ["dense"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "k5", "b5"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["answer"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "textbook",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 10])],
        constants,
    )
    opsets = [helper.make_opsetid("", 17)]
    data: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return data


def onnxruntime_call(
    library: str, way: str, weights: list[Array], image: Array, threads: int
) -> Callable[[], Array]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        onnx_model(weights), options, providers=["CPUExecutionProvider"]
    )
    feed = {"image": np.ascontiguousarray(image.transpose(0, 3, 1, 2))}
    return lambda: session.run(None, feed)[0]


def torch_call(
    library: str, way: str, weights: list[Array], image: Array, threads: int
) -> Callable[[], Array]:
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10), nn.Softmax(-1),
    )  # fmt: skip
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), planes_first(weights), strict=True):
            parameter.copy_(torch.from_numpy(value if value.ndim != 2 else value.T))
    model = model.to(memory_format=torch.channels_last).eval()
    pixels = torch.from_numpy(image).permute(0, 3, 1, 2)

    def call() -> Array:
        with torch.inference_mode():
            answer: Array = model(pixels).numpy()
            return answer

    return call


CALLS = {
    "fastcnn": keras_call,
    "keras": keras_call,
    "onnxruntime": onnxruntime_call,
    "torch": torch_call,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidate", metavar="library", choices=CALLS)
    parser.add_argument("--way", default="predict_on_batch")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--inputs", type=Path, required=True, help="npz of the image and weights")
    options = parser.parse_args()
    channel = WorkerChannel()
    with np.load(options.inputs) as stored:
        image = stored["image"]
        weights = [stored[f"w{number}"] for number in range(10)]
    try:
        call = CALLS[options.candidate](
            options.candidate, options.way, weights, image, options.threads
        )
    except ModuleNotFoundError as error:
        print(f"{options.candidate}: {error}", file=sys.stderr)
        sys.exit(MISSING)
    channel.ready(answer=call()[0].tolist())
    while True:
        channel.done(time_slice(call, channel.wait()))


if __name__ == "__main__":
    main()

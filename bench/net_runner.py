"""Runs one network again and again for ``bench.nets``. Not run by hand.

Each library gets the network in the layout and with the preparation that it prefers, none of which
is timed. A call of inference takes NumPy images and gives the answer as a NumPy array. A training
step is forward, cross-entropy, backward and Adam, and gives the loss as a Python float.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.libraries import load_keras
from bench.net_ncnn import to_ncnn
from bench.net_translate import to_keras, to_onnx, to_torch
from bench.net_workloads import WORKLOADS, Workload, images
from fastcnn import runtime
from fastcnn.bench.peer_process import MISSING, WorkerChannel
from fastcnn.bench.timing import time_slice

Array = np.ndarray
Call = Callable[[], "Array | float"]


def fastcnn_call(workload: Workload, threads: int) -> Call:
    runtime.set_num_threads(threads)
    model, (x, y) = workload.model(), images(workload)
    if not workload.train:
        return lambda: model.predict_on_batch(x)
    model.compile("adam", "sparse_categorical_crossentropy")
    return lambda: float(model.train_on_batch(x, y))


def keras_call(workload: Workload, threads: int) -> Call:
    keras = load_keras("keras", threads)
    model, (x, y) = to_keras(workload.model(), keras), images(workload)
    if not workload.train:
        return lambda: np.asarray(model.predict_on_batch(x))
    model.compile("adam", "sparse_categorical_crossentropy")

    def step() -> float:
        model.reset_metrics()
        return float(model.train_on_batch(x, y))

    return step


def torch_call(workload: Workload, threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    module = to_torch(workload.model()).to(memory_format=torch.channels_last)
    x, y = images(workload)
    # The array is channels-last in memory already, so this view costs nothing.
    pixels, classes = torch.from_numpy(x).permute(0, 3, 1, 2), torch.from_numpy(y)
    if not workload.train:
        module.eval()

        def call() -> Array:
            with torch.inference_mode():
                answer: Array = module(pixels).numpy()
                return answer

        return call
    # fastcnn's epsilon; the fastest of PyTorch's implementations.
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, eps=1e-7, fused=True)

    def step() -> float:
        loss = torch.nn.functional.cross_entropy(module(pixels), classes)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def _planes(workload: Workload) -> Array:
    return np.ascontiguousarray(images(workload)[0].transpose(0, 3, 1, 2))


def onnxruntime_call(workload: Workload, threads: int) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        to_onnx(workload.model(), workload.batch), options, providers=["CPUExecutionProvider"]
    )
    feed = {"v0": _planes(workload)}
    return lambda: session.run(None, feed)[0]


def _openvino_call(workload: Workload, threads: int, **more: str) -> Call:
    import openvino

    core = openvino.Core()
    network = core.read_model(io.BytesIO(to_onnx(workload.model(), workload.batch)))
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", **more}
    request = core.compile_model(network, "CPU", settings).create_infer_request()
    x = _planes(workload)
    return lambda: next(iter(request.infer([x], share_inputs=True).values()))


def openvino_call(workload: Workload, threads: int) -> Call:
    return _openvino_call(workload, threads, INFERENCE_PRECISION_HINT="f32")


def openvino_default_call(workload: Workload, threads: int) -> Call:
    """In the precision that it prefers, which is bfloat16 where the processor has it."""
    return _openvino_call(workload, threads)


def ncnn_call(workload: Workload, threads: int) -> Call:
    import ncnn

    model = workload.model()
    net = ncnn.Net()
    net.opt.num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        param, data = to_ncnn(model, Path(folder))
        if net.load_param(str(param)) or net.load_model(str(data)):
            raise RuntimeError("ncnn cannot read its network")
    x = _planes(workload)[0]
    output = net.output_names()[0]

    def call() -> Array:
        with net.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(x))
            return np.array(extractor.extract(output)[1])[None]

    return call


CALLS = {
    "fastcnn": fastcnn_call,
    "torch": torch_call,
    "keras": keras_call,
    "onnxruntime": onnxruntime_call,
    "openvino": openvino_call,
    "openvino_default": openvino_default_call,
    "ncnn": ncnn_call,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidate", metavar="library", choices=CALLS)
    parser.add_argument("--workload", required=True, choices=WORKLOADS)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    channel = WorkerChannel()
    workload = WORKLOADS[options.workload]
    try:
        call = CALLS[options.candidate](workload, options.threads)
    except ModuleNotFoundError as error:
        print(f"{options.candidate}: {error}", file=sys.stderr)
        sys.exit(MISSING)
    channel.ready(answer=np.asarray(call()).tolist())
    while True:
        channel.done(time_slice(call, channel.wait()))


if __name__ == "__main__":
    main()

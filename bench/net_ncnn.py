"""A fastcnn network, with its weights, in ncnn's own format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.net_translate import Step, bounds, filters, rows, steps_of
from fastcnn import Model

__all__ = ["to_ncnn"]

_MAGIC = "7767517"
#: Says that float32 weights follow.
_FLOAT32 = np.zeros(1, "<u4")


def to_ncnn(model: Model, folder: Path) -> tuple[Path, Path]:
    """Write the network for one image, channels first.

    Batch normalization is folded into the convolution before it and a ReLU made its activation, as
    ncnn's optimizer does.

    Returns:
        The files of parameters and of weights.
    """
    network = _Network(steps_of(model))
    param, data = folder / "net.param", folder / "net.bin"
    count = f"{len(network.lines)} {network.blobs}"
    param.write_text("\n".join([_MAGIC, count, *network.lines]) + "\n")
    data.write_bytes(b"".join(network.weights))
    return param, data


class _Network:
    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.lines: list[str] = []
        self.weights: list[bytes] = []
        self.blobs = 0
        self._readers: dict[int, list[Step]] = {}
        for step in steps:
            for number in step.inputs:
                self._readers.setdefault(number, []).append(step)
        #: For each value a name for each of its readers.
        self._names: dict[int, list[str]] = {}
        self._folded: set[int] = set()
        self._line("Input", "in0", [], ["in0"])
        self._publish(0, "in0")
        for step in steps:
            if step.output not in self._folded:
                last = self._add(step, [self._names[number].pop(0) for number in step.inputs])
                self._publish(last.output, f"v{last.output}")

    def _line(self, kind: str, name: str, inputs: list[str], outputs: list[str],
              settings: str = "") -> None:  # fmt: skip
        self.blobs += len(outputs)
        counts = [str(len(inputs)), str(len(outputs))]
        self.lines.append(" ".join([kind, name, *counts, *inputs, *outputs, settings]))

    def _publish(self, number: int, name: str) -> None:
        """Every reader gets a name of its own, as ncnn wants it."""
        count = len(self._readers.get(number, []))
        names = [f"{name}_{copy}" for copy in range(count)] if count > 1 else [name]
        if count > 1:
            self._line("Split", f"split_{name}", [name], names)
        self._names[number] = names

    def _store(self, weight: np.ndarray, bias: np.ndarray) -> None:
        parts = _FLOAT32, weight.astype("<f4"), bias.astype("<f4")
        self.weights += [np.ascontiguousarray(part).tobytes() for part in parts]

    def _follower(self, step: Step, kind: str) -> Step | None:
        """The only reader of a value, if it is of this kind."""
        found = self._readers.get(step.output, [])
        return found[0] if len(found) == 1 and found[0].kind == kind else None

    def _add(self, step: Step, inputs: list[str]) -> Step:
        """Write a step, and what can be folded into it; returns the last one of these."""
        name, layer = f"v{step.output}", step.layer
        if step.kind in ("Conv2D", "DepthwiseConv2D"):
            return self._convolution(step, inputs)
        if step.kind == "Dense":
            self._dense(step, inputs, name)
        elif step.kind == "MaxPooling2D":
            (top, bottom), (left, right) = step.sides
            high, wide = layer.pool_size
            down, across = layer.strides
            self._line("Pooling", name, inputs, [name],
                       f"0=0 1={wide} 11={high} 2={across} 12={down} 3={left} 13={top} "
                       f"14={right} 15={bottom} 5=1")  # fmt: skip
        elif step.kind in _SIMPLE and (step.kind != "ReLU" or layer.max_value is None):
            kind, settings = _SIMPLE[step.kind]
            self._line(kind, name, inputs, [name], settings)
        else:
            raise NotImplementedError(step.kind)
        return step

    def _convolution(self, step: Step, inputs: list[str]) -> Step:
        weight, more = filters(step.layer), step.layer.get_weights()[1:]
        count = len(weight)
        bias = more[0] if more else np.zeros(count, np.float32)
        last, activation = step, "9=1" if step.activation == "relu" else ""
        if not activation and (norm := self._follower(last, "BatchNormalization")):
            gamma, beta, mean, variance = norm.layer.get_weights()
            scale = gamma / np.sqrt(variance + norm.layer.epsilon)
            weight, bias = weight * scale[:, None, None, None], beta + (bias - mean) * scale
            last = norm
            self._folded.add(norm.output)
        if relu := self._follower(last, "ReLU"):
            low, high = bounds(relu.layer)
            activation = "9=1" if high == float("inf") else f"9=3 -23310=2,{low:e},{high:e}"
            last = relu
            self._folded.add(relu.output)
        (top, bottom), (left, right) = step.sides
        down, across = step.layer.strides
        settings = (
            f"0={count} 1={weight.shape[3]} 11={weight.shape[2]} 3={across} 13={down} 4={left} "
            f"14={top} 15={right} 16={bottom} 5=1 6={weight.size}"
        )
        grouped = step.kind == "DepthwiseConv2D"
        self._line(
            "ConvolutionDepthWise" if grouped else "Convolution",
            f"v{step.output}",
            inputs,
            [f"v{last.output}"],
            f"{settings} 7={count} {activation}" if grouped else f"{settings} {activation}",
        )
        self._store(weight, bias)
        return last

    def _dense(self, step: Step, inputs: list[str], name: str) -> None:
        kernel, bias = rows(step, self.steps), step.layer.get_weights()[1]
        softmax = step.activation == "softmax"
        raw = f"{name}_raw" if softmax else name
        settings = f"0={len(bias)} 1=1 2={kernel.size}"
        if step.activation == "relu":
            settings += " 9=1"
        self._line("InnerProduct", f"{name}_dense", inputs, [raw], settings)
        if softmax:
            self._line("Softmax", name, [raw], [name], "0=0 1=1")
        self._store(kernel.T, bias)


#: Layers that need no weights: ncnn's name and settings.
_SIMPLE = {
    "GlobalAveragePooling2D": ("Pooling", "0=1 4=1"),
    "Flatten": ("Flatten", ""),
    "Dropout": ("Noop", ""),
    "Add": ("BinaryOp", "0=0"),
    "ReLU": ("ReLU", ""),
}

"""Where a convolution reads and writes, without running it."""

from __future__ import annotations

from dataclasses import dataclass

from fastcnn.bench.operations.operation import Case
from fastcnn.reference.window import pad_amounts, pair, window_count

__all__ = ["Convolution"]


@dataclass(frozen=True)
class Convolution:
    """The geometry of one ``conv2d`` on images ``(batch, height, width, channels)``.

    Attributes:
        x, kernel, y: Shapes of image, filters ``(rows, columns, channels / groups, filters)`` and
            result.
        strides, dilation: (vertical, horizontal).
        edges: Padding as ((top, bottom), (left, right)).
        groups: Parts of the channels that do not see each other.
    """

    x: tuple[int, int, int, int]
    kernel: tuple[int, int, int, int]
    y: tuple[int, int, int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    edges: tuple[tuple[int, int], ...]
    groups: int

    @staticmethod
    def of(case: Case) -> Convolution:
        """The geometry that a line describes.

        Raises:
            ValueError: Its shapes do not fit each other.
        """
        x, kernel, groups = case["x"], case["kernel"], case["groups"]
        if len(x) != 4 or len(kernel) != 4:
            raise ValueError(
                "x must be BATCHxHEIGHTxWIDTHxCHANNELS and kernel "
                "HEIGHTxWIDTHxCHANNELSxFILTERS, as in x=1x56x56x64 kernel=3x3x64x64"
            )
        if x[3] % groups or kernel[2] != x[3] // groups or kernel[3] % groups:
            raise ValueError(
                f"kernel must have {x[3] // groups} channels and a multiple of {groups} filters, "
                f"as x has {x[3]} channels in {groups} groups; got {kernel[2]} and {kernel[3]}"
            )
        strides, dilation = pair(case["stride"]), pair(case["dilation"])
        reach = (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1
        edges = pad_amounts(case["padding"], (x[1], x[2]), reach, strides)
        counts = [
            window_count(x[1 + axis] + sum(edges[axis]), reach[axis], strides[axis])
            for axis in (0, 1)
        ]
        if not all(counts):
            raise ValueError(
                f"a window of {reach[0]}x{reach[1]} pixels does not fit in {x[1]}x{x[2]}; "
                "make x larger, or add padding=same"
            )
        y = (x[0], counts[0], counts[1], kernel[3])
        return Convolution(x, kernel, y, strides, dilation, edges, groups)

    @property
    def flops(self) -> int:
        """Multiplications and additions, those with padding included; the same forward and back."""
        batch, height, width, filters = self.y
        rows, columns, channels, _ = self.kernel
        return 2 * batch * height * width * filters * rows * columns * channels

    @property
    def symmetric(self) -> bool:
        """Whether there is as much padding on one side as on the other."""
        return all(before == after for before, after in self.edges)

    def output_of(self, direction: str) -> tuple[int, ...]:
        """The shape of what a direction computes."""
        return {"forward": self.y, "input_gradient": self.x, "filter_gradient": self.kernel}[
            direction
        ]

    def terms(self, direction: str) -> int:
        """The most products that one element of the answer sums."""
        rows, columns, channels, filters = self.kernel
        if direction == "forward":
            return rows * columns * channels
        if direction == "input_gradient":
            # Dilation may put every tap on one phase of the stride.
            taps = [
                size if gap > 1 else -(-size // step)
                for size, step, gap in zip(
                    (rows, columns), self.strides, self.dilation, strict=True
                )
            ]
            return taps[0] * taps[1] * filters // self.groups
        batch, height, width, _ = self.y
        return batch * height * width

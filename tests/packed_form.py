"""The packed form of an operand, as a derived value of a variable."""

from __future__ import annotations

from fastcnn import _core


def packed_form(step: _core.Operator, variable: _core.Variable) -> _core.DerivedValue:
    """What the second operand of a step is packed to, as a derived value."""
    bytes_ = ("uint8", (step.packing_bytes,))
    make = _core.Program(
        [(variable.dtype, variable.shape, "variable", 0), (*bytes_, "output", 0)],
        [(step.packer(), [0], [1], 0, -1)],
        [variable],
        0,
    )
    return _core.derived_value(f"packed for {step.packing_key}", make)

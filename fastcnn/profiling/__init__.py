"""Where the time of a run goes: by layer and operation, against what the machine could do."""

from fastcnn.profiling.plan import Plan
from fastcnn.profiling.profile import Profile
from fastcnn.profiling.record import Event, Instruction, Operation, ProfileRow
from fastcnn.profiling.roofline import MachineLimits, machine_limits

__all__ = [
    "Event",
    "Instruction",
    "MachineLimits",
    "Operation",
    "Plan",
    "Profile",
    "ProfileRow",
    "machine_limits",
]

"""``fastcnn._core`` as a program in another process: a pytest plugin for kernels of instruction
sets that this machine has not got.

``FASTCNN_CORE_SERVER`` is the command that runs ``core_server.cpp``, compiled for the other
machine, under emulation. Loaded by ``pytest -p remote_core``, this module takes the place of the
compiled module: all of Python runs here and all of C++ there, and every test of an operation is
one of the other machine's kernels. ``make neon`` does it.

A message is its length in bytes and its fields one after the other: numbers are 8 bytes, texts and
lists begin with their length, tuples and arrays are just what is in them. A call is its name and
arguments; an answer begins with 0, or with the kind of an error and its text.
"""

from __future__ import annotations

import os
import shlex
import struct
import subprocess
import sys
import threading

import numpy as np

PLACES = ("arena", "input", "output", "variable", "derived", "nowhere")


class Answer:
    """The fields of an answer, in their order."""

    def __init__(self, message):
        self.message = message
        self.at = 0

    def take(self, size):
        self.at += size
        return self.message[self.at - size : self.at]

    def integer(self):
        return struct.unpack("q", self.take(8))[0]

    def real(self):
        return struct.unpack("d", self.take(8))[0]

    def text(self):
        return self.take(self.integer()).decode()

    def texts(self):
        return [self.text() for _ in range(self.integer())]

    def array(self, dtype, shape):
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        return np.frombuffer(self.take(size), dtype).reshape(shape)


def pack(field):
    """A field of a message."""
    if isinstance(field, bool | int | np.integer):
        return struct.pack("q", field)
    if isinstance(field, float):
        return struct.pack("d", field)
    if isinstance(field, str):
        return pack(len(field.encode())) + field.encode()
    if isinstance(field, np.ndarray):
        return field.tobytes()
    items = b"".join(map(pack, field))
    return items if isinstance(field, tuple) else pack(len(field)) + items


class Server:
    """The process, and the calls to it: one at a time."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.lock = threading.RLock()

    def call(self, name, *fields):
        message = pack(name) + b"".join(map(pack, fields))
        with self.lock:
            self.process.stdin.write(struct.pack("Q", len(message)) + message)
            self.process.stdin.flush()
            size = self.process.stdout.read(8)
            if len(size) < 8:
                raise RuntimeError(f"{name}: the core ended with status {self.process.wait()}")
            answer = Answer(self.process.stdout.read(struct.unpack("Q", size)[0]))
        failed = answer.integer()
        if failed:
            raise (ValueError if failed == 1 else MemoryError)(answer.text())
        return answer


server = Server(os.environ["FASTCNN_CORE_SERVER"])


def state():
    answer = server.call("state")
    found = {
        "isa": answer.text(),
        "isa_source": answer.text(),
        "lanes": answer.integer(),
        "winograd_use": answer.integer(),
        "num_threads": answer.integer(),
        "num_threads_source": answer.text(),
        "base_isas": {},
    }
    while answer.at < len(answer.message):
        name = answer.text()
        found["base_isas"][name] = answer.text()
    return found


def dtypes():
    return server.call("dtypes").texts()


def fusable_operators():
    return server.call("fusable_operators").texts()


def isa():
    return state()["isa"]


def isa_source():
    return state()["isa_source"]


def lanes():
    return state()["lanes"]


def winograd_use():
    return state()["winograd_use"]


def num_threads():
    return state()["num_threads"]


def num_threads_source():
    return state()["num_threads_source"]


def available_isas():
    return list(state()["base_isas"])


def base_isa(name):
    return state()["base_isas"][name]


def compile_policy():
    return 4 * available_isas().index(isa()) + winograd_use()


def set_isa(name):
    server.call("set_isa", name)


def set_winograd(use):
    server.call("set_winograd", use)


def threads_from():
    return "own pool"


def set_num_threads(threads):
    server.call("set_num_threads", threads)


def set_serial_seconds(seconds):
    server.call("set_serial_seconds", float(seconds))


class Remote:
    """Something that the server keeps until it is dropped here."""

    number = None

    def __del__(self):
        if self.number is not None and server.process.poll() is None:
            server.call(f"drop_{type(self).__name__.lower()}", self.number)


class Variable(Remote):
    def __init__(self, value):
        self.dtype, self.shape = value.dtype.name, value.shape
        answer = server.call("make_variable", self.dtype, list(self.shape), value)
        self.number = answer.integer()
        self.id = answer.integer()

    @property
    def version(self):
        return server.call("version", self.number).integer()

    def numpy(self):
        return server.call("numpy", self.number).array(self.dtype, self.shape).copy()

    def assign(self, value):
        server.call("assign", self.number, value)


def read_variables(variables):
    return [variable.numpy() for variable in variables]


def assign_variables(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def arena_use():
    return 0, 0


def trim_arenas():
    pass


class Operator(Remote):
    def __init__(self, op, inputs, outputs, attrs, lasting=()):
        answer = server.call(
            "create_operator",
            op,
            operands(inputs),
            operands(outputs),
            list(map(setting, attrs.items())),
            list(lasting),
        )
        self.read(answer)

    def read(self, answer):
        self.number = answer.integer()
        self.scratch_bytes = answer.integer()
        self.packing_bytes = answer.integer()
        self.packs_in_run = bool(answer.integer())
        self.packing_input = answer.integer()
        self.packing_key = answer.text()
        self.flops = answer.real()
        self.bytes = answer.real()

    def packer(self):
        made = Operator.__new__(Operator)
        made.read(server.call("make_packer", self.number))
        return made


def operands(pairs):
    return [(dtype, list(shape)) for dtype, shape in pairs]


def setting(item):
    name, value = item
    if isinstance(value, list | tuple):
        return (name, "tuple", list(value))
    return (name, type(value).__name__, value)


class DerivedValue(Remote):
    def __init__(self, number, size):
        self.number = number
        self.bytes = size


def derived_value(key, program):
    answer = server.call("derive", key, program.number)
    return DerivedValue(answer.integer(), answer.integer())


class Program(Remote):
    def __init__(self, values, instructions, variables, arena_bytes, derived=()):
        answer = server.call(
            "make_program",
            [(dtype, list(shape), PLACES.index(place), i) for dtype, shape, place, i in values],
            [
                (op.number, list(ins), list(outs), at, packed)
                for op, ins, outs, at, packed in instructions
            ],
            [variable.number for variable in variables],
            arena_bytes,
            [value.number for value in derived],
        )
        self.number = answer.integer()
        self.barriers = answer.integer()
        self.arena_bytes = arena_bytes

    def run(self, feeds, fetches, threads=0):
        answer = server.call("run", self.number, threads, *feeds)
        for array in fetches:
            array[...] = answer.array(array.dtype, array.shape)


sys.modules["fastcnn._core"] = sys.modules[__name__]

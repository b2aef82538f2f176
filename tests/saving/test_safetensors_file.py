"""The file format against the safetensors library, and files that are damaged or changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from fastcnn.saving.safetensors_file import read_file, write_file

DTYPES = [
    *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64"),
]
#: How many files each comparison draws; the number of the one that failed is shown.
FILES = 150
# What JSON or UTF-8 has a form of its own for, and letters of one to four bytes.
LETTERS = [chr(code) for code in range(128)] + list("\x80ä\u2028\ufeff\uffffガ😀")


def text(rng: np.random.Generator) -> str:
    return "".join(rng.choice(LETTERS, rng.integers(0, 9)))


def array(rng: np.random.Generator) -> np.ndarray:
    """Any bytes, of any dtype and shape; empty ones and scalars are not rare."""
    dtype = np.dtype(rng.choice(DTYPES))
    shape = tuple(rng.integers(0, 5, rng.integers(0, 5)))
    if dtype.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    raw = rng.bytes(int(np.prod(shape)) * dtype.itemsize)
    return np.frombuffer(raw, dtype).reshape(shape)


def json_value(rng: np.random.Generator, depth: int = 3) -> object:
    kind = rng.integers(0, 7 if depth else 5)
    if kind == 5:
        return [json_value(rng, depth - 1) for _ in range(rng.integers(0, 4))]
    if kind == 6:
        return description(rng, depth - 1)
    number = int.from_bytes(rng.bytes(9), "little", signed=True)
    return [None, bool(rng.random() < 0.5), number, float(rng.standard_normal()), text(rng)][kind]


def description(rng: np.random.Generator, depth: int = 3) -> dict[str, object]:
    return {text(rng): json_value(rng, depth) for _ in range(rng.integers(0, 4))}


def drawn(number: int) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """Arrays by name, and a description."""
    rng = np.random.default_rng(number)
    return {text(rng): array(rng) for _ in range(rng.integers(0, 7))}, description(rng)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def contents(path: Path, *, verify: bool = True) -> tuple[dict, dict]:
    with read_file(path, verify=verify) as found:
        names = list(found.shapes)
        return found.description, dict(zip(names, found.arrays(names), strict=True))


def same(got: dict, want: dict, number: int = 0) -> None:
    assert set(got) == set(want), number
    for name, stored in want.items():
        assert got[name].dtype == stored.dtype, number
        assert got[name].shape == stored.shape, number
        assert got[name].tobytes() == stored.tobytes(), number


def split(raw: bytes) -> tuple[dict, bytes]:
    length = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def joined(header: bytes, data: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + data


def test_what_is_written_comes_back(path):
    for number in range(FILES):
        arrays, wanted = drawn(number)
        write_file(path, wanted, arrays)
        found, back = contents(path)
        assert found == wanted, number
        same(back, arrays, number)


def test_the_library_reads_and_writes_the_same_bytes(path):
    for number in range(FILES):
        arrays, wanted = drawn(number)
        write_file(path, wanted, arrays)
        raw = path.read_bytes()
        same(load(raw), arrays, number)
        with safe_open(path, framework="np") as file:
            metadata = file.metadata()
        assert set(metadata) == {"format", "description", "sha256"}
        assert json.loads(metadata["description"]) == wanted, number
        # The library has no order of its own for metadata, but one for everything else.
        other = save(arrays, metadata)
        assert len(other) == len(raw), number
        (header, data), (their_header, their_data) = split(raw), split(other)
        assert (header, data) == (their_header, their_data), number
        assert list(header)[1:] == list(their_header)[1:], number
        start = len(raw) - len(data)
        for name, stored in arrays.items():
            assert (start + header[name]["data_offsets"][0]) % stored.itemsize == 0, number


def test_files_of_the_library_are_read(path):
    for number in range(FILES):
        arrays, wanted = drawn(number)
        path.write_bytes(save(arrays, {"format": "fastcnn", "description": json.dumps(wanted)}))
        found, back = contents(path, verify=False)
        assert found == wanted, number
        same(back, arrays, number)


def damaged(raw: bytes, rng: np.random.Generator) -> bytes:
    """One to three times bytes changed, removed, added or cut off, anywhere."""
    changed = bytearray(raw)
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(0, len(changed)))
        kind = rng.integers(0, 10)
        if kind < 5:
            changed[place] = rng.choice(list(b'0123456789[]{},:"\\ \0\xff'))
        elif kind < 7:
            del changed[place]
        elif kind < 9:
            changed[place:place] = rng.bytes(rng.integers(1, 9))
        else:
            del changed[max(place, 1) :]
        if not changed:
            break
    return bytes(changed)


def test_damage_is_an_error_or_does_no_harm(path):
    """A ValueError, or what the library makes of the file too."""
    write_file(path, {"a": [1, 2]}, {"x": np.arange(6.0).reshape(2, 3), "y": np.ones(3, bool)})
    raw, read = path.read_bytes(), 0
    for number in range(800):
        other = damaged(raw, np.random.default_rng(number))
        path.write_bytes(other)
        try:
            _, back = contents(path, verify=False)
        except ValueError as error:
            message = str(error)
        else:
            same(back, load(other), number)
            read += 1
            continue
        assert "cannot read" in message, number
    assert 0 < read < 800


HEADER = '{"__metadata__":{"format":"fastcnn","description":"{}"}%s}'


def with_tensor(**changes: object) -> bytes:
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes
    return (HEADER % f',"x":{json.dumps(entry)}').encode()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (with_tensor(shape=[2.0]), "no valid shape"),
        (with_tensor(shape=[float("nan")]), "NaN is not a number"),
        (with_tensor(data_offsets=[0, float("inf")]), "Infinity is not a number"),
        (with_tensor(shape=[10**30]), "no valid shape"),
        (with_tensor(shape=[1] * 9 + [2]), "no valid shape"),
        (with_tensor(data_offsets=[0, 8, 8]), "cut off"),
        (with_tensor(dtype=["F32"]), "known are"),
        (with_tensor(dtype="BF16"), "known are BOOL"),
        (with_tensor(more=1), "not described by"),
        ((HEADER % (',"x":' + "9" * 5000)).encode(), "a number has 5000 digits"),
        ((HEADER % ',"x":{"shape":[],"shape":[]}').encode(), "key comes twice"),
        ((HEADER % r',"\ud800":{}').encode(), "not valid Unicode"),
        (b" " + with_tensor(), "begin with a brace"),
        (with_tensor().replace(b'"{}"', b"3"), "strings only"),
        (with_tensor().replace(b'"{}"', rb'"\ud800"'), "not valid Unicode"),
        (with_tensor().replace(b'"{}"', b'"[]"'), "its description is not a JSON object"),
        (with_tensor()[:-1], "not JSON"),
        (with_tensor() + b"\0", "not JSON"),
    ],
)
def test_headers_that_are_wrong(path, header, message):
    path.write_bytes(joined(header, bytes(8)))
    with pytest.raises(ValueError, match=f"cannot read .*{message}"):
        read_file(path)


def test_accepted_as_the_library_does(path):
    """Space after the header is part of the format, space before it is not."""
    raw = joined(with_tensor() + b"    ", bytes(8))
    path.write_bytes(raw)
    same(contents(path, verify=False)[1], load(raw))
    with pytest.raises(SafetensorError):
        load(joined(with_tensor(), bytes(7)))


@pytest.mark.parametrize("length", [0, 1, 7, 8])
def test_files_of_no_length(path, length):
    path.write_bytes(b"\xff" * length)
    with pytest.raises(ValueError, match="cannot read"):
        read_file(path)


def test_the_header_is_not_read_if_the_file_is_shorter(path):
    with path.open("wb") as file:
        file.write((1 << 40).to_bytes(8, "little"))
        file.truncate(1 << 41)  # takes no room
    with pytest.raises(ValueError, match="header is said to have 1099511627776 bytes"):
        read_file(path)


def test_truth_values_are_0_and_1(path):
    path.write_bytes(joined(with_tensor(dtype="BOOL", data_offsets=[0, 2]), b"\1\2"))
    with read_file(path) as found, pytest.raises(ValueError, match="other than 0 and 1"):
        found.arrays(["x"])


def test_one_byte_is_enough_for_the_digest(path):
    write_file(path, {}, {"x": np.arange(1 << 20), "y": np.float32(3)[...]})
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="do not match the SHA-256"):
        read_file(path, verify=True)
    with read_file(path):
        pass


def test_a_file_that_is_replaced_while_it_is_open(path):
    write_file(path, {"number": 1}, {"x": np.ones(5)})
    with read_file(path) as found:
        write_file(path, {"number": 2}, {"x": np.full(5, 2.0)})
        np.testing.assert_array_equal(found.arrays(["x"])[0], 1)
    assert contents(path)[0] == {"number": 2}


def test_a_file_that_is_cut_off_while_it_is_open(path):
    """Were it mapped, the process would end here."""
    write_file(path, {}, {"x": np.ones(1 << 20), "y": np.ones(3)})
    with read_file(path) as found:
        with path.open("r+b") as file:
            file.truncate(1 << 16)
        with pytest.raises(ValueError, match="cut off while tensor 'x' was read; load it again"):
            found.arrays(["x", "y"])


def test_a_file_that_is_written_into_while_it_is_open(path):
    write_file(path, {}, {"x": np.ones(5)})
    with read_file(path) as found:
        with path.open("ab") as file:
            file.write(b"more")
        with pytest.raises(ValueError, match="something wrote into it"):
            found.arrays(["x"])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(2, complex), "array 'x' is complex128 with 1 axes; .*float32"),
        (np.zeros(2, object), "array 'x' is object"),
        (np.array(["text"]), "array 'x' is <U4"),
        (np.zeros((1,) * 9), "with 9 axes; expected at most 8"),
    ],
)
def test_arrays_that_are_not_stored(path, array, message):
    with pytest.raises(ValueError, match=f"cannot save .*{message}"):
        write_file(path, {}, {"x": array})
    assert not path.exists()


@pytest.mark.parametrize("name", ["__metadata__", "\ud800"])
def test_names_that_cannot_be_read_again(path, name):
    with pytest.raises(ValueError, match="no array can be called .*; rename it"):
        write_file(path, {}, {name: np.zeros(2)})
    assert not path.exists()


def test_arrays_of_any_layout(path):
    x = np.arange(24.0).reshape(4, 6)
    given_arrays = {"t": x.T, "part": x[::2, 1:], "big": x.astype(">f4"), "back": x[::-1]}
    write_file(path, {}, given_arrays)
    _, back = contents(path)
    for name, array in given_arrays.items():
        np.testing.assert_array_equal(back[name], array)
    assert back["big"].dtype == np.float32


class Counting:
    """Holds an array that it makes when asked, and counts those that live at once."""

    alive = most = 0
    shape, dtype = (1000, 100), np.dtype("float32")

    def numpy(self):
        class Counted(np.ndarray):
            def __del__(self):
                if self.base is None:
                    Counting.alive -= 1

        Counting.alive += 1
        Counting.most = max(Counting.most, Counting.alive)
        array = Counted(self.shape, self.dtype)
        array[...] = 1
        return array


def test_of_many_arrays_one_is_copied_at_a_time(path):
    write_file(path, {}, {str(number): Counting() for number in range(8)})
    assert Counting.most <= 2  # the next is made before the last is let go
    assert len(contents(path)[1]) == 8


def test_nothing_but_numpy_is_needed(tmp_path):
    script = """if True:
        import sys
        sys.modules["safetensors"] = None
        import fastcnn
        model = fastcnn.Sequential([fastcnn.Input((2,)), fastcnn.layers.Dense(1)])
        model.save(sys.argv[1])
        fastcnn.load(sys.argv[1], verify=True)
    """
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "m")], check=True)


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"PK\x03\x04", "a ZIP archive, such as a .keras or .pt file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    ],
)
def test_files_of_other_kinds_are_called_by_them(beginning, kind, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(beginning + bytes(100))
    with pytest.raises(ValueError, match=f"it is {kind}.*no model file"):
        read_file(path)

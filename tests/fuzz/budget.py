"""Cases that run in child processes, each within a budget of memory and time.

A child takes many cases, because a fork and a Python cost more than most of them. Memory is the
peak of resident pages above those before a case (Linux resets its high-water mark on request), time
is that of all threads. What ends a child, by a signal or by waiting, is counted against the case
that it was at, and the next child goes on behind it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["MEMORY", "SECONDS", "Outcome", "run_all"]

#: Bytes of memory and seconds of CPU time that a case may take.
MEMORY = 300 << 20
SECONDS = 2.0
#: Where a case is ended: address space above what the child begins with, seconds of CPU time and,
#: for what waits, by the clock.
_ADDRESSES = 3 << 30
_MOST_SECONDS = 10
_LONGEST_WAIT = 60
_CASES_OF_A_CHILD = 1000


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes:
        number: Which case it was.
        refused: Whether it ended with an exception that is documented.
        finding: What was wrong in a few words, the same for cases of one kind; empty if nothing.
        detail: The whole story.
        seconds: CPU time.
        memory: Bytes.
    """

    number: int
    refused: bool = False
    finding: str = ""
    detail: str = ""
    seconds: float = 0.0
    memory: int = 0


def run_all(numbers: Sequence[int], case: Callable[[int], str], *, documented: Sequence[type]):
    """The outcomes of ``case(number)``, as they come.

    Args:
        numbers: Which cases.
        case: Runs one and returns what is wrong with its result, if anything.
        documented: Exceptions that refuse an input as they should.
    """
    done = 0
    while done < len(numbers):
        batch = numbers[done : done + _CASES_OF_A_CHILD]
        for outcome in _in_child(batch, case, tuple(documented)):
            done += 1
            yield outcome


def _in_child(numbers, case, documented):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            _work(numbers, case, documented, writing)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    finished = 0
    with os.fdopen(reading) as lines:
        for line in lines:
            finished += 1
            yield Outcome(**json.loads(line))
    _, status = os.waitpid(child, 0)
    if finished < len(numbers):
        yield Outcome(numbers[finished], False, _end(status), f"the child ended: {_end(status)}")


def _end(status: int) -> str:
    number = os.waitstatus_to_exitcode(status)
    if number >= 0:
        return f"ended the process with status {number}"
    kind = signal.Signals(-number).name
    return {
        "SIGXCPU": f"more than {_MOST_SECONDS} seconds of CPU time",
        "SIGALRM": f"waited for more than {_LONGEST_WAIT} seconds",
    }.get(kind, f"died of {kind}")


def _work(numbers, case, documented, writing: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    faulthandler.disable()
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = _status("VmSize") + _ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for number in numbers:
        used = time.process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + _MOST_SECONDS, resource.RLIM_INFINITY))
        signal.alarm(_LONGEST_WAIT)
        os.write(writing, (json.dumps(asdict(_outcome(number, case, documented))) + "\n").encode())
    signal.alarm(0)


def _outcome(number: int, case, documented) -> Outcome:
    refused, finding, detail = False, "", ""
    Path("/proc/self/clear_refs").write_text("5")
    before, start = _status("VmRSS"), time.process_time()
    try:
        finding = detail = case(number)
    except documented as error:
        refused = True
        finding = detail = unhelpful(error)
        if finding:
            detail = "".join(traceback.format_exception(error))
    except BaseException as error:
        finding = f"{type(error).__name__} from {_origin(error)}"
        detail = "".join(traceback.format_exception(error))
    seconds, memory = time.process_time() - start, _status("VmHWM") - before
    if not finding and seconds > SECONDS:
        finding = detail = f"{SECONDS:g} seconds exceeded"
    if not finding and memory > MEMORY:
        finding = detail = f"{MEMORY >> 20} MB exceeded"
    return Outcome(number, refused, finding[:300], detail[:20_000], seconds, memory)


def unhelpful(error: BaseException) -> str:
    """What is wrong with an error's text, if anything."""
    text = str(error) if not isinstance(error, OSError) else str(error.strerror or error)
    if len(text) > 2500:
        return f"a message of more than 2500 characters from {_origin(error)}"
    if any(word in text for word in ("pybind11", "C++", "incompatible function arguments")):
        return f"a message about the inside from {_origin(error)}"
    if isinstance(error, ValueError | TypeError) and "MemoryError" in text:
        return f"MemoryError from {_origin(error)}"
    return "" if text else f"no message from {_origin(error)}"


def _origin(error: BaseException) -> str:
    """Where an error began: the innermost frame inside the package."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame for frame in frames if "fastcnn" in frame.filename and "fuzz" not in frame.filename
    ]
    frame = (ours or frames)[-1]
    return f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.name}"


def _status(field: str) -> int:
    """A number of bytes from the status of this process."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field):
                return int(line.split()[1]) << 10
    raise LookupError(field)


def in_child(work: Callable[[], object]) -> None:
    """Run something in a child process.

    Raises:
        RuntimeError: It failed; its error was printed.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise RuntimeError("a child process failed; see above")

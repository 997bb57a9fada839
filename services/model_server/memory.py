"""The memory there is for this server, and each worker's share of it."""

import contextlib
import ctypes
import os
from pathlib import Path
from typing import NamedTuple

CGROUP = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # version 2, 1
MB = 1_000_000
OTHERS = 350 * MB  # first process, follower, a model on trial, the writer of the prediction log
WORKER = 170 * MB  # with a model and what it records, before any large request
LEAST, MOST = 40 * MB, 160 * MB  # more than the one is not needed: a worker is one core

LEAST_MODEL = 64 * MB  # twice what the trip model takes


class Share(NamedTuple):
    """What large requests may take in one worker: bodies on their way, and what is made of them."""

    bodies: int
    work: int


def share(workers: int) -> Share:
    """The share of one of *workers*."""
    room = min(MOST, max(LEAST, (there_is() - OTHERS) // workers - WORKER))
    return Share(room * 2 // 5, room * 3 // 5)


def for_model(workers: int) -> int:
    """What a model may take: each of *workers* holds two while it swaps them, and the trial one; the rest is theirs."""
    return max(LEAST_MODEL, there_is() // (4 * workers + 2))


def taken() -> int:
    """The addresses that this process has taken, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Have the C library return what it keeps of freed memory: after loading a model, 20 of 40 MB."""
    with contextlib.suppress(AttributeError, OSError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def there_is() -> int:
    """The container's limit in bytes, or the machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in CGROUP:
        try:
            return min(machine, int(path.read_text()))
        except (OSError, ValueError):  # not there, or the word max
            continue
    return machine

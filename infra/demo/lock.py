"""One demo at a time in one checkout.

The lock is an open file that the demo and the tethers of all its parts hold: the kernel frees it when the last is gone.
A second demo is refused; one that comes after a killed demo waits until the parts of that one have ended.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from infra.demo import console
from infra.demo.failures import DemoError

GRACE_SECONDS = 2.0  # a demo whose make was killed ends by itself within this time
END_SECONDS = 40.0  # for the parts of a demo to end
ENDING = "ending"


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold *path*; give the open file for the tethers. Raise `DemoError` when another demo runs here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _taken(file):
            with console.waiting("waiting for the parts of an earlier demo to end"):
                _wait(file, path)
        _note(file, str(os.getpid()))
        try:
            yield file
        finally:
            _note(file, ENDING)
    finally:
        os.close(file)


def say_ending(file: int) -> None:
    """Tell whoever waits for the lock that this demo is on its way out."""
    _note(file, ENDING)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(file: int, path: Path) -> None:
    began = time.monotonic()
    while not _taken(file):
        waited = time.monotonic() - began
        owner = path.read_text()
        if owner.isdecimal() and psutil.pid_exists(int(owner)) and waited > GRACE_SECONDS:
            raise DemoError(
                f"another demo (process {owner}) runs in this checkout. End it with Ctrl-C where it runs, "
                f"or with `kill {owner}`; to run two at once, use two checkouts."
            )
        if waited > END_SECONDS:
            raise DemoError(
                f"parts of an earlier demo still run after {END_SECONDS:.0f} s and hold {path}. "
                f"`fuser -v {path}` names them; end them and try again."
            )
        time.sleep(0.1)


def _note(file: int, text: str) -> None:
    os.pwrite(file, text.encode(), 0)
    os.ftruncate(file, len(text))

"""Passes what a child writes on to our own stderr as it comes, and keeps a copy in a log.

On a terminal the child gets a pseudo-terminal as wide as ours, so that its progress bars are drawn.
"""

import contextlib
import os
import pty
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNK = 1 << 16  # bytes


@contextmanager
def relayed(log: Path) -> Iterator[int]:
    """Give an open file to be a child's stderr; close it once the child has it and the block is done."""
    log.parent.mkdir(parents=True, exist_ok=True)
    ours, theirs = _terminal() if sys.stderr.isatty() else os.pipe()
    thread = threading.Thread(target=_copy, args=(ours, log), daemon=True)
    thread.start()
    try:
        yield theirs
    finally:
        os.close(theirs)
        thread.join(5)


def _terminal() -> tuple[int, int]:
    ours, theirs = pty.openpty()
    with contextlib.suppress(termios.error):
        termios.tcsetwinsize(theirs, termios.tcgetwinsize(sys.stderr.fileno()))
    return ours, theirs


def _copy(ours: int, log: Path) -> None:
    with log.open("wb", buffering=0) as kept, contextlib.suppress(OSError):  # a pty ends with an error
        while data := os.read(ours, CHUNK):
            kept.write(data)
            sys.stderr.buffer.write(data)
            sys.stderr.buffer.flush()
    os.close(ours)

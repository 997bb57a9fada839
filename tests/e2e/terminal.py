"""A command on a terminal of its own, as a person types it."""

import os
import pty
import select
import subprocess
import time
from typing import Self

from tests.e2e.stack import ENVIRONMENT, ROOT


class Terminal:
    """Runs the command; `read_until` and `type` talk with it."""

    def __init__(self, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=ENVIRONMENT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def read_until(self, words: str, seconds: float) -> None:
        """Read until the words are there; fail with all that was read."""
        deadline = time.monotonic() + seconds
        while words not in self.text:
            left = deadline - time.monotonic()
            assert left > 0, f"no {words!r} within {seconds:.0f} s in:\n{self.text}"
            if select.select([self._ours], [], [], left)[0]:
                self.text += os.read(self._ours, 65536).decode(errors="replace")

    def type(self, keys: str) -> None:
        """Press the keys."""
        os.write(self._ours, keys.encode())

    def exit_code(self, seconds: float) -> int:
        """Wait for the command's end."""
        return self._process.wait(seconds)

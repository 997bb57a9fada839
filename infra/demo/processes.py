"""Child processes of the demo: each on a tether, with a log file of its own.

A tether (tether.py) ends its command when our end of a pipe closes, so nothing outlives the demo, however it ends.
Every tether also holds the demo's lock, so that the next demo waits until the last part of this one is gone.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.demo.failures import DemoError, with_log
from infra.demo.places import CHECKOUT

TETHER = Path(__file__).with_name("tether.py")
POLL_SECONDS = 0.05
END_SECONDS = 15.0  # a tether gives its command 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """A server of the demo: how it is started, how one sees that it is ready, and what people are told then.

    *done* is called once, when it is ready for the first time in this demo.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    is_ready: Callable[[], bool]
    what: str
    done: Callable[[], None] = lambda: None
    polite: str = "TERM"  # the signal that ends it


class Child:
    """A running command; its output goes to *log* unless *stdout*, a file, or *stderr*, an open one, are given."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        lock: int | None = None,
        polite: str = "TERM",
        stdout: Path | None = None,
        stderr: int | None = None,
    ) -> None:
        self.name, self.log, self.started = name, log, time.monotonic()
        log.parent.mkdir(parents=True, exist_ok=True)
        with (
            log.open("wb") as lines,
            stdout.open("wb") if stdout else os.fdopen(os.dup(lines.fileno())) as out,
        ):
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(TETHER), polite, *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=lines if stderr is None else stderr,
                cwd=CHECKOUT,
                env=dict(environment),
                start_new_session=True,
                pass_fds=[lock] if lock is not None else [],
            )

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self.started

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    @property
    def failure(self) -> DemoError:
        """The words for its end, with the last lines of its log."""
        return DemoError(with_log(f"{self.name} ended by itself (exit status {self.status})", self.log))

    def let_go(self) -> None:
        """Ask it to end, and do not wait."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def wait(self) -> None:
        """Wait for its end after `let_go`; kill the tether that does not manage."""
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

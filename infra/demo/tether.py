"""`python tether.py SIGNAL COMMAND…` runs COMMAND until it ends or until stdin closes, and leaves nothing of it behind.

Whoever holds the other end of stdin may be killed in any way: the kernel closes the pipe, and the command ends.
The command gets a session of its own, so Ctrl-C never reaches it directly. SIGNAL is the name of its polite end.
A script on its own, with the standard library only: it starts in a few hundredths of a second.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

PATIENCE_SECONDS = 10.0  # for a polite end, before SIGKILL


def main(polite: signal.Signals, command: list[str]) -> int:
    """Run *command*; its exit status, or 128 + the number of the signal that ended it."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # only the pipe ends us: whoever stops us must close it
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_default_signals)
    threading.Thread(target=_watch, args=(child, polite), daemon=True).start()
    status = child.wait()
    _kill(child.pid, signal.SIGKILL)  # what it may have left of its group
    return status if status >= 0 else 128 - status


def _default_signals() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_DFL)


def _watch(child: "subprocess.Popen[bytes]", polite: signal.Signals) -> None:
    while os.read(0, 1024):
        pass
    _kill(child.pid, polite)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(PATIENCE_SECONDS)
        return
    _kill(child.pid, signal.SIGKILL)


def _kill(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(signal.Signals[f"SIG{sys.argv[1]}"], sys.argv[2:]))

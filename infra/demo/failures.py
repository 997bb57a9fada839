"""What can go wrong in a demo, each with the words for the person who reads it."""

from pathlib import Path

TAIL_LINES = 15


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


class Stopped(BaseException):
    """Somebody asked the demo to end: Ctrl-C, SIGTERM, a closed terminal. No error, so nothing catches it as one."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def with_log(text: str, log: Path) -> str:
    """Return *text* with the last lines of *log* and its path."""
    try:
        lines = log.read_text(errors="replace").replace("\r", "\n").splitlines()
    except OSError:
        lines = []
    tail = [f"  | {line}" for line in lines if line.strip()][-TAIL_LINES:]
    return "\n".join([f"{text}; its last lines, from {log}:", *tail] if tail else [f"{text}; {log} is empty"])

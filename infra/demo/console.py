"""The demo's terminal: the only place that writes to it.

One line per thing that is done, in the form of the flows' own lines; a spinner says what is waited for.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

NAME_WIDTH = 8  # as in the flows' lines

_out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def done(name: str, what: str, seconds: float | None = None) -> None:
    """Say that *name* did *what*."""
    took = "" if seconds is None else f" ({seconds:.1f} s)"
    _out.print(f"{name:<{NAME_WIDTH}} {what}{took}")


def say(text: str = "") -> None:
    """Say anything else."""
    _out.print(text)


def complain(text: str) -> None:
    """Say what went wrong and what to do about it, on stderr; empty texts and traces are never sent here."""
    _err.print(f"demo: {text}")


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show *what* is waited for, with a spinner, on a terminal; elsewhere nothing."""
    if not _out.is_terminal:
        yield
        return
    with _out.status(what, spinner="dots"):
        yield

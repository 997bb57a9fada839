"""All children of one demo: started at once, waited for together, watched, and ended together."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from infra.demo import console
from infra.demo.failures import DemoError, with_log
from infra.demo.processes import POLL_SECONDS, Child, Part

START_SECONDS = 180.0  # for a part on a slow, busy machine; usually under 15


class Fleet:
    """The children of a demo. *lock* is the open file that each of their tethers holds."""

    def __init__(self, lock: int | None = None) -> None:
        self._lock = lock
        self._children: list[Child] = []

    def start(self, part: Part) -> Child:
        """Start *part* without waiting for it."""
        child = Child(
            part.name,
            part.command,
            environment=part.environment,
            log=part.log,
            lock=self._lock,
            polite=part.polite,
        )
        self._children.append(child)
        return child

    @contextmanager
    def helped_by(self, child: Child) -> Iterator[None]:
        """End *child*, which may end by itself, with the block."""
        try:
            yield
        finally:
            child.let_go()
            child.wait()

    def until_ready(self, started: Mapping[Part, Child]) -> None:
        """Wait until every part is ready, with one line for each; raise `DemoError` when one ends or takes too long."""
        pending = dict(started)

        def all_ready() -> bool:
            for part, child in list(pending.items()):
                if part.is_ready():
                    del pending[part]
                    part.done()
                    console.done(part.name, part.what, child.seconds)
                elif child.seconds > START_SECONDS:
                    raise DemoError(with_log(f"{part.name} is not ready after {START_SECONDS:.0f} s", child.log))
            return not pending

        with console.waiting(f"starting {', '.join(part.name for part in pending)}"):
            self.until(all_ready)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for *condition*; raise `DemoError` when a part ends first."""
        while not condition():
            self.check()
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Raise `DemoError` for a part that ended by itself."""
        for child in self._children:
            if child.status is not None:
                raise child.failure

    def end(self) -> None:
        """End all of them, the last started first, and wait until they are gone."""
        for child in reversed(self._children):
            child.let_go()
        for child in self._children:
            child.wait()
        self._children.clear()

"""What is remembered of a request while it runs, and the bounded queue that takes it to the recorder."""

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from services.model_server.payload import Rows

if TYPE_CHECKING:
    from services.model_server.serving import Served

KEY = "trainyard.note"  # in the WSGI environment
MOST_ROWS = 200_000  # waiting to be recorded, about 30 MB; beyond it inputs and outputs are dropped and counted


class Note:
    """One request. A route that predicts adds the model, the rows and the outputs."""

    __slots__ = ("at", "client", "id", "method", "outputs", "route", "rows", "seconds", "served", "status")

    def __init__(self, id_: str, environ: dict[str, Any]) -> None:
        self.id, self.at, self.status, self.seconds, self.route = id_, time.time(), 0, 0.0, "other"
        self.method, self.client = environ["REQUEST_METHOD"], environ.get("REMOTE_ADDR", "")
        self.served: Served | None = None
        self.rows: Rows | None = None
        self.outputs: list[float] = []


class Notes:
    """Finished requests that wait for the recorder; adding one costs a microsecond and never waits."""

    def __init__(self) -> None:
        self._waiting: deque[Note] = deque()
        self._rows = 0
        self.dropped_rows = 0

    def add(self, note: Note) -> None:
        """Remember *note*, without its rows when too many wait."""
        if note.rows is not None:
            if self._rows + note.rows.count > MOST_ROWS:
                self.dropped_rows += note.rows.count
                note.rows = None
            else:
                self._rows += note.rows.count
        self._waiting.append(note)

    def take(self) -> list[Note]:
        """Everything that waits."""
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self._rows = 0
        return taken

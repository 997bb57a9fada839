"""What is remembered of a request while it runs, and the bounded queue that takes it to the recorder."""

import itertools
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from services.model_server.payload import Rows

if TYPE_CHECKING:
    from services.model_server.serving import Served

ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
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


class Edge:
    """WSGI middleware: gives every request an id, the client's own if it sent one, and notes how it went."""

    def __init__(self, app: Callable[..., Iterable[bytes]], notes: Notes) -> None:
        self._app, self._notes = app, notes
        self._prefix, self._numbers = os.urandom(6).hex(), itertools.count()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass the request on with its note in *environ*."""
        begun = time.perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID")
        note = Note(given if given and ID.fullmatch(given) else f"{self._prefix}-{next(self._numbers):x}", environ)
        environ[KEY] = note

        def start(status: str, headers: list[tuple[str, str]], *more: object) -> object:
            note.status = int(status[:3])
            rule = environ["werkzeug.request"].url_rule  # Flask takes the request away before we return
            note.route = rule.rule if rule else "other"
            headers.append(("X-Request-Id", note.id))
            return start_response(status, headers, *more)

        try:
            return self._app(environ, start)
        finally:
            note.seconds = time.perf_counter() - begun
            self._notes.add(note)

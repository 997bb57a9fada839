"""Bodies on their way: what was received of each is counted, and the slow give way when memory is short."""

import threading
import time
from wsgiref.types import InputStream

from services.model_server.problems import Problem

CHUNK = 1 << 16  # a body up to this is read at once and not counted: all threads together hold 32 MB of them
GRACE_SECONDS = 1.0  # in which a body may arrive whatever others send
BUSY_SECONDS = "1"  # until the work at hand is done


class Arrival:
    """One large body; *body* is None once it had to give way."""

    __slots__ = ("body", "since")

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.body: bytearray | None = bytearray()


class Arrivals:
    """All large bodies of one worker, held in *room* bytes from their arrival to their answer.

    Bytes are counted as they come, not as they are announced. When there is no room, the body that has been arriving
    the longest gives way, unless it began a moment ago: nobody holds the others up by sending slowly.
    """

    def __init__(self, room: int) -> None:
        self._room, self._held, self._lock = room, 0, threading.Lock()
        self._open: dict[Arrival, None] = {}  # in the order in which they began

    def read(self, stream: InputStream, limit: int) -> tuple[bytes | bytearray, Arrival | None]:
        """The body, and what is to be handed to ``leave`` when it is no longer needed.

        Raise Problem 413 when it has more than *limit* bytes, 503 when there is no room for it.
        """
        body = stream.read(CHUNK)
        if len(body) < CHUNK:
            return body, None
        arrival, left = Arrival(), limit
        try:
            while body:
                left -= len(body)
                if left < 0:
                    raise Problem(413, "too-large", f"The body is larger than {limit:,} bytes. Send several requests.")
                self._keep(arrival, body)
                body = stream.read(CHUNK)
            with self._lock:
                if arrival.body is None:
                    raise busy("This body took its time while memory was short")
                self._open.pop(arrival, None)
                return arrival.body, arrival
        except Problem as refused:
            self.leave(arrival)
            _read_on(stream, 20 * limit)
            refused.headers["Connection"] = "close"
            raise
        except BaseException:  # the connection broke
            self.leave(arrival)
            raise

    def leave(self, arrival: Arrival | None) -> None:
        """Forget a body."""
        if arrival is not None:
            with self._lock:
                self._drop(arrival)

    def _keep(self, arrival: Arrival, piece: bytes) -> None:
        with self._lock:
            self._open.setdefault(arrival)
            while arrival.body is not None and self._held + len(piece) > self._room:
                oldest = next(iter(self._open))
                if oldest is arrival or time.monotonic() - oldest.since < GRACE_SECONDS:
                    raise busy("The server holds as many bytes of requests as it may")
                self._drop(oldest)
            if arrival.body is None:
                raise busy("This body took its time while memory was short")
            arrival.body += piece
            self._held += len(piece)

    def _drop(self, arrival: Arrival) -> None:
        if arrival.body is not None:
            self._held -= len(arrival.body)
            arrival.body = None
        self._open.pop(arrival, None)


def busy(why: str) -> Problem:
    """The 503 of a server that has enough to do."""
    return Problem(503, "too-busy", f"{why}; try again in a second.", headers={"Retry-After": BUSY_SECONDS})


def _read_on(stream: InputStream, most: int) -> None:
    """Read what is still sent, so that the client sees the answer; then cut."""
    for _ in range(most // CHUNK):
        if not stream.read(CHUNK):
            break

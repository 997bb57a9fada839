"""Bodies on their way: what each holds is counted, and the slow give way when memory is short."""

import threading
import time
from wsgiref.types import InputStream, WSGIEnvironment

from services.model_server.problems import Problem

SMALL = 100_000  # bytes; a body up to this is not counted: all threads together hold 51 MB of them
CHUNK = 1 << 18  # bytes of a larger one that are counted, then read
GRACE_SECONDS = 1.0  # in which a body may arrive whatever others send
BUSY_SECONDS = "1"  # until the work at hand is done


class Arrival:
    """One large body, and the bytes that are counted for it; *body* is None once it had to give way."""

    __slots__ = ("body", "held", "since")

    def __init__(self) -> None:
        self.since, self.held = time.monotonic(), 0
        self.body: bytearray | None = bytearray()


class Arrivals:
    """All large bodies of one worker, held in *room* bytes from their arrival to their answer.

    Counted is what has come and the piece that is waited for, not what is announced. When there is no room, the body
    that has been arriving the longest gives way, unless it began a moment ago: who sends slowly holds nobody up.
    """

    def __init__(self, room: int) -> None:
        self._room, self._held, self._lock = room, 0, threading.Lock()
        self._open: dict[Arrival, None] = {}  # in the order in which they began

    def read(self, environ: WSGIEnvironment, limit: int) -> tuple[bytes | bytearray, Arrival | None]:
        """The body, and what is to be handed to ``leave`` when it is no longer needed.

        Raise Problem 413 when it has more than *limit* bytes, 503 when there is no room for it.
        """
        stream: InputStream = environ["wsgi.input"]
        small = b""
        if int(environ.get("CONTENT_LENGTH") or 0) <= SMALL:  # or none is told: it comes in chunks
            small = stream.read(SMALL)
            if len(small) < SMALL:
                return small, None
        arrival = Arrival()
        try:
            return self._read(stream, arrival, small, limit), arrival
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

    def _read(self, stream: InputStream, arrival: Arrival, piece: bytes, limit: int) -> bytearray:
        self._keep(arrival, piece)
        while piece := stream.read(CHUNK):
            if self._keep(arrival, piece) > limit:
                raise Problem(413, "too-large", f"The body is larger than {limit:,} bytes. Send several requests.")
        with self._lock:
            self._open.pop(arrival, None)
            if arrival.body is None:
                raise busy("This body took its time while memory was short")
            self._held -= CHUNK
            arrival.held -= CHUNK
            return arrival.body

    def _keep(self, arrival: Arrival, piece: bytes) -> int:
        """Add *piece*, and room for another one; return the bytes that there are."""
        with self._lock:
            if arrival.body is not None:
                arrival.body += piece
            wanted = len(arrival.body or b"") + CHUNK - arrival.held
            self._open.setdefault(arrival)
            while arrival.body is not None and self._held + wanted > self._room:
                oldest = next(iter(self._open))
                if oldest is arrival or time.monotonic() - oldest.since < GRACE_SECONDS:
                    raise busy("The server holds as many bytes of requests as it may")
                self._drop(oldest)
            if arrival.body is None:
                raise busy("This body took its time while memory was short")
            arrival.held += wanted
            self._held += wanted
            return len(arrival.body)

    def _drop(self, arrival: Arrival) -> None:
        self._held -= arrival.held
        arrival.held, arrival.body = 0, None
        self._open.pop(arrival, None)


def busy(why: str) -> Problem:
    """The 503 of a server that has enough to do."""
    return Problem(503, "too-busy", f"{why}; try again in a second.", headers={"Retry-After": BUSY_SECONDS})


def _read_on(stream: InputStream, most: int) -> None:
    """Read what is still sent, so that the client sees the answer; then cut."""
    for _ in range(most // CHUNK):
        if not stream.read(CHUNK):
            break

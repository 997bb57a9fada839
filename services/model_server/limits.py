"""What one request may take: kind and size of its body, time for it to arrive, room to be worked on."""

import math
import threading
import time
from wsgiref.types import WSGIEnvironment

from services.model_server import connections, memory, sizes
from services.model_server.arrivals import Arrival, Arrivals, busy
from services.model_server.problems import Problem
from services.model_server.settings import Settings

PRESSED_SECONDS = 1.0  # of silence, when half of the threads wait for bodies or half of the connections are taken
SLOWEST = 1000  # bytes a second that a body must arrive at, once it is overdue by far
LARGE = 10_000_000  # bytes of work; what several of these leave behind is worth the time to give it back
WAIT_SECONDS = 5.0  # for room, while other requests are worked on
CSV = "text/csv"


class Body:
    """The body of a request in the block of ``Limits.body``: *data* of the media type *kind*.

    *split* is where raw values begin in it, as the header of V2's binary extension says. A class, and no generator,
    since it is on the way of every prediction.
    """

    __slots__ = ("_arrival", "_environ", "_kinds", "_limits", "_split", "_weight", "data", "kind", "split")

    def __init__(self, limits: "Limits", environ: WSGIEnvironment, kinds: tuple[str, ...], split: str | None) -> None:
        self._limits, self._environ, self._kinds, self._split = limits, environ, kinds, split
        self._weight = 0
        self._arrival: Arrival | None = None

    def __enter__(self) -> "Body":
        self.kind = _kind(self._environ, self._kinds)
        self.data, self._arrival = self._limits.read(self._environ)
        try:
            self.split = len(self.data) if self._split is None else _position(self._split, len(self.data))
            marks = sizes.OF_CSV if self.kind == CSV else sizes.OF_JSON
            weight = sizes.weight(self.data, marks, len(self.data) - self.split)
            self._limits.enter(weight)
            self._weight = weight
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.data = b""
        self._limits.leave(self._weight, self._arrival)


class Limits:
    """The limits of one worker; ``end_slow`` is called a few times a second, from one thread."""

    def __init__(self, settings: Settings) -> None:
        share = memory.share(settings.model_server_workers)
        self._bytes, self._room = settings.model_server_max_body_bytes, share.work
        self._arrivals = Arrivals(share.bodies)
        self._seconds, self._port = settings.model_server_body_seconds, settings.model_server_port
        self._threads = settings.model_server_threads
        self._arriving: dict[int, float] = {}  # thread: since when it waits for a body
        self._before: tuple[float, dict[int, int]] | None = None  # at an earlier look: bytes received by inode
        self._pending, self._waiting, self._free = 0, 0, threading.Condition(threading.Lock())
        self._large = False  # whether there was a large body since memory was given back
        self.slow, self._others = 0, connections.count()  # descriptors before there are clients

    def body(self, environ: WSGIEnvironment, *kinds: str, split: str | None = None) -> Body:
        """The body of a request, of one of the media types *kinds*; raise Problem 413, 415, 422 or 503."""
        return Body(self, environ, kinds, split)

    def read(self, environ: WSGIEnvironment) -> tuple[bytes | bytearray, Arrival | None]:
        """Wait for the body."""
        thread = threading.get_ident()
        self._arriving[thread] = time.monotonic()
        try:
            return self._arrivals.read(environ, self._bytes)
        finally:
            del self._arriving[thread]

    def enter(self, weight: int) -> None:
        """Take room for *weight* bytes, which others may have to leave first."""
        if weight > self._room:
            detail = f"The values of this body would take about {weight / 1e6:.0f} MB of memory; at most "
            raise Problem(413, "too-large", f"{detail}{self._room / 1e6:.0f} MB are taken. Send several requests.")
        with self._free:
            if self._pending + weight > self._room:
                self._waiting += 1
                found = self._free.wait_for(lambda: self._pending + weight <= self._room, WAIT_SECONDS)
                self._waiting -= 1
                if not found:
                    raise busy("The server works on as many requests as it has memory for")
            self._pending += weight
            self._large = self._large or weight > LARGE

    def leave(self, weight: int, arrival: Arrival | None = None) -> None:
        """Give back room, and the body that was worked on."""
        with self._free:
            self._pending -= weight
            if self._waiting:
                self._free.notify_all()
        self._arrivals.leave(arrival)

    def give_back_memory(self) -> None:
        """Give back what large bodies took, once there is none."""
        if self._large and not self._pending:
            self._large = False
            memory.give_back()

    def end_slow(self) -> None:
        """Close silent connections when a body is overdue: its reader wakes up and the thread is free again.

        When half of the threads wait for bodies, or half of the connections are taken by whoever, a second of
        silence is enough: a flood must not hold the others up.
        Whoever sends a little now and then, to seem alive, is closed when a body is overdue by far.
        The WSGI server does not tell whose body it is, so idle ones go too; they connect again.
        """
        now = time.monotonic()
        waits = [now - since for since in list(self._arriving.values())]
        longest = max(waits, default=0.0)
        crowded = connections.count() - self._others > self._threads / 2
        pressed = crowded or len(waits) > self._threads / 2
        patience = min(self._seconds, PRESSED_SECONDS) if pressed else self._seconds
        if longest < patience and not crowded:
            self._before = None
            return
        found = list(connections.clients(self._port))
        for one in found:
            if one.silent_seconds >= patience:
                self.slow += one.close()
        if self._before is None:
            self._before = now, {one.inode: one.received for one in found}
        elif longest > 3 * patience and (passed := now - self._before[0]) > patience:
            for one in found:
                if one.received - self._before[1].get(one.inode, -math.inf) < SLOWEST * passed:
                    self.slow += one.close()
            self._before = None


def _kind(environ: WSGIEnvironment, kinds: tuple[str, ...]) -> str:
    """Which of *kinds* the body is."""
    kind: str = environ.get("CONTENT_TYPE", "")
    if kind not in kinds and (kind := kind.partition(";")[0].strip().lower()) not in kinds:
        named = [kind for kind in kinds if kind]
        detail = f"The body must be {' or '.join(named)}; send the header 'Content-Type: {named[0]}'."
        raise Problem(415, "media-type", detail, headers={"Accept": ", ".join(named)})
    return kind


def _position(text: str, size: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= size):
        detail = f"Inference-Header-Content-Length must be the number of bytes of the JSON, at most {size}."
        raise Problem(422, "invalid-input", detail)
    return int(text)

"""What one request may take: kind and size of its body, time for it to arrive, room to be worked on."""

import contextlib
import os
import socket
import stat
import struct
import threading
import time
from pathlib import Path
from wsgiref.types import InputStream, WSGIEnvironment

from services.model_server.problems import Problem
from services.model_server.settings import Settings

CHUNK = 1 << 16
LAST_DATA_RECEIVED = struct.Struct("=52xI")  # milliseconds, in Linux' struct tcp_info: 8 bytes, then 12th number
BUSY_SECONDS = "1"  # until the work at hand is done: the room below is about half a second of it


class _Room:
    """The block of ``Limits.room``; a class, since it is on the way of every prediction."""

    __slots__ = ("_limits", "_size")

    def __init__(self, limits: "Limits", size: int) -> None:
        self._limits, self._size = limits, size

    def __enter__(self) -> None:
        self._limits.enter(self._size)

    def __exit__(self, *_: object) -> None:
        self._limits.leave(self._size)


class Limits:
    """The limits of one worker; ``end_slow`` is called a few times a second, from one thread."""

    def __init__(self, settings: Settings) -> None:
        self._bytes, self._room = (
            settings.model_server_max_body_bytes,
            settings.model_server_max_pending_bytes,
        )
        self._seconds, self._port = settings.model_server_body_seconds, settings.model_server_port
        self._arriving: dict[int, float] = {}  # thread: when its body must have arrived
        self._pending, self._lock = 0, threading.Lock()
        self.slow = 0

    def read(self, environ: WSGIEnvironment, *kinds: str) -> tuple[str, bytes]:
        """Which of the media types *kinds* the body is, and the body; raise Problem 413 or 415."""
        kind = environ.get("CONTENT_TYPE", "")
        if kind not in kinds and (kind := kind.partition(";")[0].strip().lower()) not in kinds:
            named = [kind for kind in kinds if kind]
            detail = f"The body must be {' or '.join(named)}; send the header 'Content-Type: {named[0]}'."
            raise Problem(415, "media-type", detail, headers={"Accept": ", ".join(named)})
        thread = threading.get_ident()
        self._arriving[thread] = time.monotonic() + self._seconds
        try:
            return kind, self._read(environ["wsgi.input"])
        finally:
            del self._arriving[thread]

    def _read(self, stream: InputStream) -> bytes:
        body = stream.read(self._bytes + 1)
        if len(body) <= self._bytes:
            return body
        del body
        for _ in range(20 * self._bytes // CHUNK):  # read on, so that the client sees the answer; then cut
            if not stream.read(CHUNK):
                break
        detail = f"The body is larger than {self._bytes:,} bytes. Send the rows in several requests."
        raise Problem(413, "too-large", detail, headers={"Connection": "close"})

    def room(self, body: bytes) -> _Room:
        """Work on *body* inside the block; raise Problem 503 when too much is being worked on."""
        return _Room(self, len(body))

    def enter(self, size: int) -> None:
        """Take room for *size* bytes."""
        with self._lock:
            if self._pending and self._pending + size > self._room:
                detail = f"The server works on {self._pending:,} bytes of requests; try again in a second."
                raise Problem(503, "too-busy", detail, headers={"Retry-After": BUSY_SECONDS})
            self._pending += size

    def leave(self, size: int) -> None:
        """Give the room back."""
        with self._lock:
            self._pending -= size

    def end_slow(self) -> None:
        """Close silent connections when a body is overdue: its reader wakes up and the thread is free again.

        The WSGI server does not tell whose body it is, so idle ones go too; they connect again.
        """
        now = time.monotonic()
        if not any(due < now for due in list(self._arriving.values())):
            return
        for descriptor in Path("/proc/self/fd").glob("*"):  # none where there is no /proc
            with contextlib.suppress(OSError):
                self.slow += _close_silent(int(descriptor.name), self._port, self._seconds)


def _close_silent(descriptor: int, port: int, seconds: float) -> int:
    """1 when *descriptor* was a client's connection to *port* that has sent nothing for *seconds*."""
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return 0
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.getpeername()  # raises for the listening socket
        if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.getsockname()[1] != port:
            return 0
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LAST_DATA_RECEIVED.size)
        if LAST_DATA_RECEIVED.unpack(told)[0] < seconds * 1000:
            return 0
        connection.shutdown(socket.SHUT_RDWR)
        return 1

"""What one request may take: kind and size of its body, time for it to arrive, room to be worked on."""

import contextlib
import math
import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from wsgiref.types import InputStream, WSGIEnvironment

from services.model_server.problems import Problem
from services.model_server.settings import Settings

CHUNK = 1 << 16
TCP_INFO = struct.Struct("=52xI72xQ")  # of Linux' struct tcp_info: last_data_recv in milliseconds, bytes_received
PRESSED_SECONDS = 1.0  # of silence, when half of the threads wait for bodies
SLOWEST = 1000  # bytes a second that a body must arrive at, once it is overdue by far
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
        self._threads = settings.model_server_threads
        self._arriving: dict[int, float] = {}  # thread: since when it waits for a body
        self._before: tuple[float, dict[int, int]] | None = None  # at an earlier look: bytes received by inode
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
        self._arriving[thread] = time.monotonic()
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

        When half of the threads wait for bodies, a second of silence is enough: a flood must not hold the others up.
        Whoever sends a little now and then, to seem alive, is closed when a body is overdue by far.
        The WSGI server does not tell whose body it is, so idle ones go too; they connect again.
        """
        now = time.monotonic()
        waits = [now - since for since in list(self._arriving.values())]
        patience = min(self._seconds, PRESSED_SECONDS) if len(waits) > self._threads / 2 else self._seconds
        longest = max(waits, default=0.0)
        if longest < patience:
            self._before = None
            return
        found = list(_connections(self._port))
        for one in found:
            if one.silent_seconds >= patience:
                self._close(one)
        if self._before is None:
            self._before = now, {one.inode: one.received for one in found}
        elif longest > 3 * patience and (passed := now - self._before[0]) > patience:
            for one in found:
                if one.received - self._before[1].get(one.inode, -math.inf) < SLOWEST * passed:
                    self._close(one)
            self._before = None

    def _close(self, connection: "_Connection") -> None:
        """Close it for good; its descriptor stays the WSGI server's own."""
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.descriptor)) as same:
            if os.fstat(same.fileno()).st_ino == connection.inode:
                same.shutdown(socket.SHUT_RDWR)
                self.slow += 1


class _Connection(NamedTuple):
    """A client's connection; *received* is in bytes, since it was made."""

    descriptor: int
    inode: int
    silent_seconds: float
    received: int


def _connections(port: int) -> Iterator[_Connection]:
    """Every client's connection to *port*; none where there is no /proc."""
    for descriptor in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            state = os.fstat(number := int(descriptor.name))
            if not stat.S_ISSOCK(state.st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as connection:
                connection.getpeername()  # raises for the listening socket
                if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.getsockname()[1] != port:
                    continue
                told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO.size)
            milliseconds, received = TCP_INFO.unpack(told)
            yield _Connection(number, state.st_ino, milliseconds / 1000, received)

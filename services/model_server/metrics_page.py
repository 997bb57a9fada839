"""The port of the Prometheus page: reads the head of a request, sends the page, ends the connection.

An event loop in a thread, so that a client that never finishes costs a socket and holds nobody up.
"""

import asyncio
import threading
from email.message import Message
from email.parser import BytesHeaderParser
from http import HTTPStatus

from services.model_server import exporter
from services.model_server.hosts import Hosts
from services.model_server.metrics import FOLDER
from services.model_server.problems import Problem
from services.model_server.settings import Settings

SECONDS = 5.0  # for one connection, from its first byte to its last
MOST_CONNECTIONS = 64  # then the oldest is ended for a new one
HEAD_BYTES = 1 << 14
KIND = "text/plain; version=0.0.4; charset=utf-8"


class MetricsPage:
    """The page of one server; ``start`` serves it in a thread, until ``stop``."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._hosts = settings, Hosts(settings.model_server_allowed_hosts)
        self._open: dict[asyncio.StreamWriter, None] = {}
        self._loop = asyncio.new_event_loop()

    def start(self) -> None:
        """Listen; forget the counts of an earlier start."""
        for path in (self._settings.model_dir / FOLDER).glob("*.json*"):
            path.unlink()
        host, port = self._settings.model_server_host, self._settings.metrics_port
        self._loop.run_until_complete(asyncio.start_server(self._serve, host, port, limit=HEAD_BYTES))
        threading.Thread(target=self._loop.run_forever, daemon=True, name="metrics").start()

    def stop(self) -> None:
        """Serve no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = None
        if len(self._open) > MOST_CONNECTIONS:
            oldest = next(iter(self._open))
            oldest.transport.abort()
            self._open.pop(oldest)
        try:
            async with asyncio.timeout(SECONDS):
                writer.write(self._answer(await reader.readuntil(b"\r\n\r\n")))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()  # no request came, or nobody takes the answer
        finally:
            self._open.pop(writer, None)
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        line, _, rest = head.partition(b"\r\n")
        method, _, target = line.partition(b" ")
        status, body = self._page(method, target.split(b" ")[0], BytesHeaderParser().parsebytes(rest))
        allow = b"Allow: GET, HEAD\r\n" if status == HTTPStatus.METHOD_NOT_ALLOWED else b""
        told = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {KIND}\r\nContent-Length: {len(body)}\r\n"
        return told.encode() + allow + b"Connection: close\r\n\r\n" + (b"" if method == b"HEAD" else body)

    def _page(self, method: bytes, target: bytes, headers: Message) -> tuple[HTTPStatus, bytes]:
        try:
            self._hosts.require({"HTTP_HOST": headers.get("Host", "")})
        except Problem as problem:
            return HTTPStatus(problem.status), f"{problem.detail}\n".encode()
        if method not in (b"GET", b"HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, b"GET it\n"
        if target.partition(b"?")[0] != b"/metrics":
            return HTTPStatus.NOT_FOUND, b"the page is /metrics\n"
        return HTTPStatus.OK, exporter.exposition(self._settings).encode()

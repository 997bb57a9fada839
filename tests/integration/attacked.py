"""A model server under attack: bytes to it, and what became of its workers."""

import contextlib
import re
import socket
from pathlib import Path

from services.model_server import memory
from tests.integration.server_attacks import GONE
from tests.integration.test_limits import workers

WORKERS = 2
MOST = memory.WORKER + sum(memory.share(WORKERS))  # bytes of a worker, whatever is sent


class Server:
    """A running server, and what is asked of it."""

    def __init__(self, url: str, process) -> None:
        self.url, self.process, self.port = url, process, int(url.rpartition(":")[2])
        self.metrics_port = self.port + 1
        self.metrics = f"http://127.0.0.1:{self.metrics_port}/metrics"
        self.workers = workers(process)

    def send(self, raw: bytes, seconds: float = 60) -> tuple[int, bytes]:
        """The status that *raw* is answered with, GONE when the connection is closed without one; and the answer."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as connection:
            answer = b""
            with contextlib.suppress(ConnectionError):
                connection.sendall(raw)
            with contextlib.suppress(ConnectionError):
                while piece := connection.recv(65536):
                    answer += piece
        return int(answer[9:12] or GONE), answer

    def most_memory(self) -> list[int]:
        """The most bytes that each worker ever had."""
        told = [Path(f"/proc/{worker.pid}/status").read_text() for worker in self.workers]
        return [int(re.search(r"VmHWM:\s+(\d+)", text)[1]) * 1024 for text in told]

    def memory(self) -> list[int]:
        """The bytes that each worker has now."""
        return [worker.memory_info().rss for worker in self.workers]

    def unharmed(self) -> bool:
        """The workers are those of the beginning, and none ever had more than its share."""
        return workers(self.process) == self.workers and max(self.most_memory()) < MOST

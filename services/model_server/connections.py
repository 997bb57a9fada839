"""The connections of this process, as the kernel tells of them: how long each is silent, how to end one."""

import contextlib
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TCP_INFO = struct.Struct("=52xI72xQ")  # of Linux' struct tcp_info: last_data_recv in milliseconds, bytes_received
DESCRIPTORS = Path("/proc/self/fd")


class Connection(NamedTuple):
    """A client's connection; *received* is in bytes, since it was made."""

    descriptor: int
    inode: int
    silent_seconds: float
    received: int

    def close(self) -> bool:
        """Close it for good, if it is still this one; its descriptor stays the WSGI server's own."""
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.descriptor)) as same:
            if os.fstat(same.fileno()).st_ino == self.inode:
                same.shutdown(socket.SHUT_RDWR)
                return True
        return False


def count() -> int:
    """At most so many connections there are: cheaper than looking at each; 0 where there is no /proc."""
    try:
        return len(os.listdir(DESCRIPTORS))  # noqa: PTH208  # a path for each would cost as much as a look
    except OSError:
        return 0


def clients(port: int) -> Iterator[Connection]:
    """Every client's connection to *port*; none where there is no /proc."""
    for descriptor in DESCRIPTORS.glob("*"):
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
            yield Connection(number, state.st_ino, milliseconds / 1000, received)

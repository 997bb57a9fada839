"""What is told of a body from its bytes, who gives way when memory is short, and how much memory there is."""

import json
import os
import threading
import time

import pytest

from services.model_server import arrivals, memory, sizes
from services.model_server.arrivals import CHUNK, Arrivals
from services.model_server.hosts import Hosts
from services.model_server.problems import Problem
from tests.unit.model_server.builders import TRIP

MB = 1_000_000


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        ("[" * 2000, True),
        ('{"a":' * 2000, True),
        ("[" * 2000 + "]" * 2000, True),
        ("[{" * 600, True),
        ('["]",' * 2000, True),
        (r'["\"]",' * 2000, True),
        (r'["\\",' * 2000, True),
        (r'["\\\"]",' * 2000, True),
        (" " * 2000 + "[" * sizes.DEEPEST, False),
        ("[" + ",".join(["[[[]]]"] * 2000) + "]", False),
        (json.dumps([TRIP] * 1000), False),
        (json.dumps(["[[[[" * 1000, '\\"[' * 1000]), False),
        ("", False),
    ],
)
def test_the_depth_of_json_is_seen_and_brackets_in_strings_do_not_count(text, deep):
    assert sizes.too_deep(text.encode()) is deep
    assert sizes.too_deep(memoryview(bytearray(text.encode()))) is deep


def test_ten_thousand_trips_weigh_what_there_is_room_for_in_the_smallest_server():
    least = memory.LEAST * 3 // 5

    assert sizes.weight(json.dumps([TRIP] * 10_000).encode(), sizes.OF_JSON) < least


@pytest.mark.parametrize("piece", [b"1,", b"[],", b"{},", b'{"a":1},', b'"x",', b'"ab":1,', b"[1],"])
def test_what_takes_much_when_it_is_decoded_weighs_much(piece):
    assert sizes.weight(piece * (1_000_000 // len(piece)), sizes.OF_JSON) > 15 * MB


class Client:
    """A body as the WSGI server gives it: piece by piece, as the test sends them."""

    def __init__(self, size: int, *, whole: bool = True) -> None:
        self.left, self.more = size, threading.Event()
        if whole:
            self.more.set()

    def read(self, size: int) -> bytes:
        if self.left <= 0:
            self.more.wait(20)
            return b""
        self.left -= size
        return b" " * min(size, self.left + size)


def environ(client: Client) -> dict:
    return {"wsgi.input": client, "CONTENT_LENGTH": str(10**7)}


def begin(held: Arrivals, size: int) -> tuple[Client, threading.Thread, list]:
    """A client that sends *size* bytes and then no more."""
    client, told = Client(size, whole=False), []

    def read() -> None:
        try:
            told.append(held.read(environ(client), 10**8)[0])
        except Problem as problem:
            told.append(problem.status)

    thread = threading.Thread(target=read)
    thread.start()
    return client, thread, told


def test_who_holds_much_and_sends_no_more_gives_way_and_a_newcomer_does_not(monkeypatch):
    held = Arrivals(20 * CHUNK)
    slow, thread, told = begin(held, 18 * CHUNK)
    while slow.left > 0:
        time.sleep(0.01)
    with pytest.raises(Problem, match="holds as many bytes"):  # the other one began a moment ago
        held.read(environ(Client(5 * CHUNK)), 10**8)

    monkeypatch.setattr(arrivals, "GRACE_SECONDS", 0.0)
    body, arrival = held.read(environ(Client(5 * CHUNK)), 10**8)
    slow.more.set()
    thread.join()

    assert (len(body), told) == (5 * CHUNK, [503])
    held.leave(arrival)
    assert held._held == 0


@pytest.mark.parametrize("size", [CHUNK - 1, CHUNK, 3 * CHUNK + 5])
def test_a_body_of_any_length_comes_whole_and_leaves_nothing_behind(size):
    held = Arrivals(100 * CHUNK)
    body, arrival = held.read(environ(Client(size)), 10**8)
    held.leave(arrival)

    assert len(body) == size
    assert held._held == 0


@pytest.mark.parametrize(
    ("files", "there"),
    [
        ({"memory.max": "900000000\n"}, 900 * MB),
        ({"memory.max": "max\n"}, None),
        ({"memory.limit_in_bytes": "800000000\n"}, 800 * MB),
        ({"memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ({}, None),
    ],
)
def test_the_memory_there_is_is_the_containers_or_the_machines(tmp_path, monkeypatch, files, there):
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "CGROUP", tuple(tmp_path / name for name in ("memory.max", "memory.limit_in_bytes")))

    assert memory.there_is() == (there or machine)
    assert memory.LEAST - 2 <= sum(memory.share(2)) <= memory.MOST


def test_a_name_with_a_port_is_allowed_for_that_port_alone():
    hosts = Hosts("predict.example:443, Other.example")

    for host in ("predict.example:443", "other.example", "OTHER.example:80", "[::1]:8080", "10.0.0.1"):
        hosts.require({"HTTP_HOST": host})
    for host in ("predict.example", "predict.example:80", "evil.example", "", "[::1].evil.example"):
        with pytest.raises(Problem, match="MODEL_SERVER_ALLOWED_HOSTS"):
            hosts.require({"HTTP_HOST": host})

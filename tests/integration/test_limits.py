"""What a hostile or unlucky client cannot do to the others, on the real process."""

import contextlib
import json
import os
import select
import signal
import socket
import threading
import time

import psutil
import pytest
import requests

from services.model_server import releases
from tests.integration.processes import model_server, wait_for
from tests.unit.model_server.builders import TRIP, graph, serve

POLL_SECONDS = 10.0  # the server's own default
NOBODY = "http://127.0.0.1:9"  # a registry that is down: the server serves from its folder


@pytest.fixture(name="folder")
def _folder(tmp_path):
    release(tmp_path, "1", 3.0)
    return tmp_path


def release(folder, version: str, pace: float) -> None:
    """What the follower leaves when a version was promoted."""
    made = serve(folder, version, graph(pace))
    pointer = releases.pointer(folder, "champion")
    releases.write(pointer, {**releases.read(pointer, dict), "registry": NOBODY, "created": int(made.version)})


def predict(url: str, session=requests) -> requests.Response:
    return session.post(f"{url}/predict", json=TRIP, timeout=30)


class Load:
    """Clients that predict over kept connections until the block ends; what came back is counted."""

    def __init__(self, url: str, clients: int = 6) -> None:
        self.url, self.statuses, self.failures, self.stop = url, [], [], threading.Event()
        self.versions: list[tuple[float, str]] = []
        self.threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self.stop.is_set():
                try:
                    answer = predict(self.url, session)
                except requests.RequestException as error:
                    self.failures.append(repr(error))
                    continue
                self.statuses.append(answer.status_code)
                self.versions.append((time.monotonic(), answer.json().get("model_version", "")))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"


def begin(stack: contextlib.ExitStack, url: str, count: int) -> list[socket.socket]:
    """Clients that have sent the first byte of their body."""
    address = ("127.0.0.1", int(url.rpartition(":")[2]))
    slow = [stack.enter_context(socket.create_connection(address)) for _ in range(count)]
    for connection in slow:
        connection.sendall(HEAD)
    return slow


def test_a_flood_of_slow_clients_holds_the_others_up_for_seconds_and_ends_no_worker(folder):
    few = {"MODEL_SERVER_THREADS": "8", "MODEL_SERVER_BODY_SECONDS": "600"}
    with contextlib.ExitStack() as stack:
        url, process = stack.enter_context(model_server(folder, NOBODY, **few))
        wait_for(lambda: predict(url).ok)
        before = workers(process)
        begin(stack, url, 60)

        assert predict(url).ok
        assert workers(process) == before


def test_a_client_that_sends_a_byte_now_and_then_is_let_go(folder):
    with contextlib.ExitStack() as stack:
        url, _ = stack.enter_context(model_server(folder, NOBODY, MODEL_SERVER_BODY_SECONDS="1"))
        wait_for(lambda: predict(url).ok)
        (connection,) = begin(stack, url, 1)

        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 98:
                connection.sendall(b" ")
                sent += 1
                time.sleep(0.3)

        assert sent < 60  # closed long before its body was there
        assert predict(url).ok


def test_a_hundred_clients_that_never_finish_their_body_hold_up_nobody(folder):
    with contextlib.ExitStack() as stack:
        url, _ = stack.enter_context(model_server(folder, NOBODY, MODEL_SERVER_BODY_SECONDS="5"))
        wait_for(lambda: predict(url).ok)
        slow = begin(stack, url, 100)
        assert all(predict(url).ok for _ in range(20))
        assert select.select(slow, [], [], 0)[0] == []  # so the answers came while all hundred were held
        for connection in slow:
            connection.settimeout(60)
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):  # an answer may come before the end
                    pass


def swap(folder, load: Load, swaps: int) -> list[str]:
    """Promote version after version, each when the one before answers; return those that answered a poll too late."""
    swapped: dict[int, float] = {}
    for version in range(2, swaps + 2):
        release(folder, str(version), 3.0 + version / 10)
        swapped[version] = time.monotonic()
        wait_for(lambda now=str(version): load.versions and load.versions[-1][1] == now, what="new version")
    late = time.monotonic() + POLL_SECONDS + 1
    wait_for(lambda: time.monotonic() > late or {one for _, one in load.versions[-200:]} == {str(swaps + 1)})
    return [one for at, one in load.versions if int(one) <= swaps and at > swapped[int(one) + 1] + POLL_SECONDS]


def test_swaps_under_load_fail_no_request_and_no_old_version_answers_late(folder):
    with model_server(folder, NOBODY) as (url, _), Load(url) as load:
        wait_for(lambda: load.versions)
        late = swap(folder, load, 10)

    assert (load.failures, set(load.statuses), late) == ([], {200}, [])
    assert {int(version) for _, version in load.versions} == set(range(1, 12))


def workers(process) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "spawn_main" in " ".join(child.cmdline())]


def test_a_killed_worker_is_replaced_by_itself(folder):
    with model_server(folder, NOBODY) as (url, process), Load(url):
        before = wait_for(lambda: (found := workers(process)) and len(found) == 2 and found)
        before[0].kill()

        wait_for(lambda: len(set(workers(process)) - set(before)) == 1, what="new worker")
        wait_for(lambda: predict(url).ok)


def test_a_graceful_end_finishes_the_requests_in_flight(folder):
    body = json.dumps([TRIP] * 10_000).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    head += b"Content-Length: %d\r\n\r\n" % len(body)
    with contextlib.ExitStack() as stack:
        url, process = stack.enter_context(model_server(folder, NOBODY))
        port = int(url.rpartition(":")[2])
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 60)) for _ in range(4)]
        for client in clients:
            client.sendall(head)
            assert b"100 Continue" in client.recv(4096)  # the server has begun to read the body
        os.kill(process.pid, signal.SIGTERM)
        for client in clients:
            client.sendall(body)

        assert [client.recv(4096)[:15] for client in clients] == [b"HTTP/1.1 200 OK"] * 4
        assert process.wait(60) == 0

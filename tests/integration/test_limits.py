"""What a hostile or unlucky client cannot do to the others, on the real process."""

import contextlib
import os
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
    return session.post(f"{url}/predict", json=TRIP, timeout=10)


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


def test_a_hundred_clients_that_never_finish_their_body_hold_up_nobody(folder):
    with contextlib.ExitStack() as stack:
        url, _ = stack.enter_context(model_server(folder, NOBODY, MODEL_SERVER_BODY_SECONDS="3"))
        port = int(url.rpartition(":")[2])
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(100)]
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        head += b"Content-Length: 99\r\n\r\n{"
        for connection in slow:
            connection.sendall(head)
        time.sleep(0.5)

        took = [predict(url).elapsed.total_seconds() for _ in range(20)]
        assert max(took) < 1
        for connection in slow:
            connection.settimeout(10)
            while connection.recv(4096):  # an answer may come before the end
                pass


def test_swaps_under_load_fail_no_request_and_no_old_version_answers_late(folder):
    with model_server(folder, NOBODY) as (url, _), Load(url) as load:
        swapped = {}
        for version in range(2, 12):
            release(folder, str(version), 3.0 + version / 10)
            swapped[str(version)] = time.monotonic()
            time.sleep(0.5)

    late = [
        version
        for at, version in load.versions
        if int(version) < 11 and at > swapped[str(int(version) + 1)] + 0.5  # a look each 0.2 s, and a load
    ]
    assert (load.failures, set(load.statuses), late) == ([], {200}, [])
    assert len({version for _, version in load.versions}) == 11


def workers(process) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "spawn_main" in " ".join(child.cmdline())]


def test_a_killed_worker_is_replaced_by_itself(folder):
    with model_server(folder, NOBODY) as (url, process), Load(url):
        before = wait_for(lambda: (found := workers(process)) and len(found) == 2 and found)
        before[0].kill()

        wait_for(lambda: len(set(workers(process)) - set(before)) == 1, seconds=15, what="new worker")
        wait_for(lambda: predict(url).ok)


def test_a_graceful_end_finishes_the_requests_in_flight(folder):
    many = [TRIP] * 10_000
    with model_server(folder, NOBODY) as (url, process):
        answers = []
        ask = lambda: answers.append(requests.post(f"{url}/predict", json=many, timeout=30).status_code)  # noqa: E731
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.15)
        os.kill(process.pid, signal.SIGTERM)
        for thread in threads:
            thread.join()

        assert answers == [200] * 4
        assert process.wait(15) == 0

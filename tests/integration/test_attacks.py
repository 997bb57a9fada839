"""Everything that was made to break the server, against the real process: each answer, the workers, their memory."""

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from tests.integration.attacked import Server
from tests.integration.processes import model_server, wait_for
from tests.integration.server_attacks import PREDICT, Attack, attacks, heavy, post
from tests.integration.server_messages import messages
from tests.integration.test_limits import NOBODY, release, workers
from tests.unit.model_server.builders import TRIP


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("models")
    release(folder, "1", 3.0)
    with model_server(folder, NOBODY, MODEL_SERVER_ACCESS_LOG="off") as (url, process):
        wait_for(lambda: len(workers(process)) == 2, what="two workers")
        wait_for(lambda: requests.post(f"{url}/predict", json=TRIP, timeout=30).ok, what="prediction")
        yield Server(url, process)


def tried(server: Server, made: Iterator[Attack]) -> tuple[int, dict[str, int]]:
    """How many were tried, and which were answered in another way than they should be."""
    wrong, count = {}, 0
    for count, attack in enumerate(made, 1):  # noqa: B007
        status, _ = server.send(attack.raw)
        if status not in attack.allowed:
            wrong[attack.name] = status
    return count, wrong


def test_every_body_that_was_made_to_break_it_is_refused_and_harms_nobody(server):
    count, wrong = tried(server, attacks())

    assert wrong == {}
    assert count >= 60
    assert server.unharmed(), server.most_memory()


def test_every_odd_message_is_refused_and_harms_nobody(server):
    count, wrong = tried(server, messages())

    assert wrong == {}
    assert count >= 60
    assert server.unharmed(), server.most_memory()


@pytest.mark.parametrize("name", ["a long wide string", "inputs of one long column", "a list of objects", "many lines"])
def test_sixty_four_heavy_requests_at_once_end_no_worker(server, name):
    raw = next(post(path, body, kind) for said, path, body, kind in heavy() if said == name)
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: server.send(raw), range(64)))

    busy = [answer for status, answer in answers if status == 503]
    assert {status for status, _ in answers} <= {413, 422, 503}
    assert all(b"retry-after: 1" in answer.lower() for answer in busy)
    assert server.unharmed(), server.most_memory()


def test_invented_methods_and_paths_become_no_series(server):
    for n in range(40):
        requests.request(f"VERB{n}", f"{server.url}/predict", timeout=30)
        requests.get(f"{server.url}/nowhere/{n}", timeout=30)
    label = 'method="other"'

    wait_for(lambda: label in requests.get(server.metrics, timeout=30).text, what="count of invented methods")
    page = requests.get(server.metrics, timeout=30).text
    assert "VERB" not in page
    assert "/nowhere" not in page


def test_it_speaks_no_http_2(server):
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        assert b"\0\0" not in connection.recv(4096)  # no frame of settings


def test_a_client_that_holds_much_and_sends_no_more_locks_nobody_out(server):
    body = b"[" + b" " * 7_000_000
    raw = post(PREDICT, body + b" " * 900_000)[:-900_000]
    with contextlib.ExitStack() as stack:
        for _ in range(60):  # far more than there is room for
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 60))
            with contextlib.suppress(ConnectionError, TimeoutError):
                connection.settimeout(2)
                connection.sendall(raw)
        large = post(PREDICT, b" " * 200_000 + str(TRIP).replace("'", '"').encode())
        answered = wait_for(lambda: server.send(large)[0] == 200, seconds=8, what="room for a large body")
        assert requests.post(f"{server.url}/predict", json=TRIP, timeout=30).ok

    assert answered
    assert server.unharmed(), server.most_memory()


def test_silent_connections_hold_the_port_for_seconds_only(tmp_path):
    release(tmp_path, "1", 3.0)
    with contextlib.ExitStack() as stack:
        url, _ = stack.enter_context(model_server(tmp_path, NOBODY, MODEL_SERVER_THREADS="32"))
        wait_for(lambda: requests.post(f"{url}/predict", json=TRIP, timeout=30).ok)
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        for _ in range(100):
            stack.enter_context(socket.create_connection(address))
        assert requests.post(f"{url}/predict", json=TRIP, timeout=15).ok  # it was 30 s


def test_clients_of_the_metrics_page_that_never_finish_hold_nobody_up(server):
    address = ("127.0.0.1", server.metrics_port)
    before = len(psutil.Process(server.process.pid).threads())
    with contextlib.ExitStack() as stack:
        for n in range(300):
            connection = stack.enter_context(socket.create_connection(address, 30))
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: "[: n % 40])
        assert requests.get(server.metrics, timeout=5).ok
        assert len(psutil.Process(server.process.pid).threads()) <= before + 2
        assert requests.get(server.metrics, headers={"Host": "evil.example"}, timeout=5).status_code == 421

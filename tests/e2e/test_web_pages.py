"""What a web page of any site can have of the published ports: its name may mean this machine (DNS rebinding)."""

import json
import socket

import httpx
import pytest

from tests.e2e.stack import compose, container, inspect, secret, setting

OTHERS = ["evil.example", "evil.example:{port}", "localhost", "localhost:1", "localhost.:{port}", "127.0.0.2:{port}"]
OTHERS += ["localhost:{port}.evil.example", "evil.example@localhost:{port}", "[::1]:{port}", "mlflow:5001", ""]
OURS = ["localhost:{port}", "127.0.0.1:{port}", "LOCALHOST:{port}"]
REGISTRY = ["/v2/", "/v2/_catalog", "/v2/trainyard/train/tags/list", "/", "/debug/vars"]
MLFLOW = ["/", "/health", "/version", "/api/2.0/mlflow/experiments/get?experiment_id=0", "/graphql", "/gate/up"]
OPEN = {  # without a log-in, under any name: whether they are up, and what is the same in every installation
    "PREFECT_PORT": ["/", "/docs", "/openapi.json", "/ui-settings", "/api/health", "/api/ready"],
    "S3_PORT": ["/minio/health/live", "/minio/health/ready"],
    "S3_CONSOLE_PORT": ["/", "/api/v1/login"],
}
CLOSED = {
    "PREFECT_PORT": ["/api/version", "/api/admin/settings", "/api/flows/", "/api/block_documents/", "/api/docs"],
    "S3_PORT": ["/", "/lake", "/mlflow", "/minio/v2/metrics/cluster", "/minio/admin/v3/info"],
    "S3_CONSOLE_PORT": ["/api/v1/buckets", "/api/v1/session"],
}


def status(variable: str, path: str, host: str, **headers: str) -> int:
    """What the published port answers to GET for the Host, in which {port} stands for its number."""
    port = setting(variable)
    headers |= {"Host": host.format(port=port)}
    return httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=30).status_code


def answer(variable: str, *lines: str) -> str:
    """The whole answer to a request that is written by hand."""
    port = setting(variable)
    with socket.create_connection(("127.0.0.1", int(port)), 30) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).format(port=port).encode())
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read().decode(errors="replace")


@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize(("variable", "paths"), [("REGISTRY_PORT", REGISTRY), ("MLFLOW_PORT", MLFLOW)])
def test_registry_and_mlflow_answer_to_no_name_but_their_own(stack: None, variable: str, paths: list[str], host: str):
    assert {status(variable, path, host) for path in paths} <= {400, 421}


@pytest.mark.parametrize("host", OURS)
def test_registry_and_mlflow_answer_to_their_own_names(stack: None, host: str):
    assert status("REGISTRY_PORT", "/v2/_catalog", host) == 200
    assert status("MLFLOW_PORT", "/version", host) == 200


@pytest.mark.parametrize(
    "lines",
    [
        ["GET /v2/_catalog HTTP/1.1", "Host: localhost:{port}", "Host: evil.example"],
        ["GET /v2/_catalog HTTP/1.1", "Host: evil.example", "Host: localhost:{port}"],
        ["GET http://evil.example/v2/_catalog HTTP/1.1", "Host: localhost:{port}"],
        ["GET http://localhost:{port}/v2/_catalog HTTP/1.1", "Host: evil.example"],
        ["GET /v2/_catalog HTTP/1.1"],
        ["GET /v2/_catalog HTTP/1.0"],
        ["PRI * HTTP/2.0", "", "SM", ""],
    ],
    ids=repr,
)
def test_no_odd_request_gets_past_the_names(stack: None, lines: list[str]):
    for variable in ("REGISTRY_PORT", "MLFLOW_PORT"):
        assert answer(variable, *lines).split()[1:2] in (["400"], ["421"], []), variable


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_no_page_of_this_machine_reaches_the_registry_either(stack: None, header: str):
    assert status("REGISTRY_PORT", "/v2/", "localhost:{port}", **{header: "http://localhost:3000"}) == 403


def test_the_registry_itself_has_no_network(stack: None):
    found = inspect(container("registry"))

    assert list(found["NetworkSettings"]["Networks"]) == ["none"]


def test_no_flow_reaches_the_registry(stack: None):
    """Not by its gate's networks either: who pushes decides what runs next."""
    networks = inspect(container("gate-registry"))["NetworkSettings"]["Networks"]
    members = json.loads(compose("config", "--format", "json"))["services"]

    assert len(networks) == 1
    assert {name for name, one in members.items() if "registry" in (one.get("networks") or {})} == {"gate-registry"}


@pytest.mark.parametrize("variable", CLOSED)
def test_what_any_name_reaches_asks_for_a_log_in(stack: None, variable: str):
    allowed = {path: status(variable, path, "evil.example") for path in CLOSED[variable]}
    told = {path: status(variable, path, "evil.example") for path in OPEN[variable]}

    assert set(allowed.values()) <= {401, 403}, allowed
    assert set(told.values()) == {200}, told  # what is open, in full: a new version that opens less is noted here


def test_what_is_open_tells_nothing_of_this_stack(stack: None):
    ours = ["trainyard", "trip-duration", *(secret(name) for name in ("prefect_auth", "s3_root", "s3_flows"))]
    for variable, paths in OPEN.items():
        for path in paths:
            text = httpx.get(f"http://127.0.0.1:{setting(variable)}{path}", timeout=30).text
            assert not [word for word in ours if word in text], path

"""What the worker and deploy may ask of the engine, and that everything else is refused before the engine
sees it."""

import json

import docker
import httpx
import pytest

from tests.e2e.stack import PORTS_ABOVE, PROJECT, Prefect, container, inspect, setting

ANY_ID = "a" * 64


def proxy(service: str) -> str:
    """Address of a proxy; its network is closed to everyone but this machine's root and its one user."""
    networks = inspect(container(service))["NetworkSettings"]["Networks"]
    return f"http://{next(iter(networks.values()))['IPAddress']}:2375"


def create_body(**changes: object) -> dict[str, object]:
    """What the worker sends to create a container, with changes."""
    host = {
        "Memory": 2**30,
        "MemorySwap": 2**30,
        "NetworkMode": f"{PROJECT}_flows",
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Binds": [f"{PROJECT}_flow-secrets:/run/secrets:ro"],
        "PidsLimit": 512,
    } | changes.pop("HostConfig", {})
    return {
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "AttachStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "Env": ["A=b"],
        "Cmd": ["true"],
        "Image": f"localhost:{setting('REGISTRY_PORT')}/trainyard/none:none",
        "Volumes": {"/run/secrets": {}},
        "NetworkDisabled": False,
        "HostConfig": host,
        "NetworkingConfig": {f"{PROJECT}_flows": None},
        "Labels": {"a": "b"},
    } | changes


def create(body: object) -> int:
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    url = proxy("engine-proxy") + "/v1.41/containers/create?name=denied"
    return httpx.post(url, content=text, headers=headers).status_code


def test_a_locked_down_container_of_ours_passes_the_proxy(stack):
    assert create(create_body()) == 404  # the engine's own answer: there is no such image


@pytest.mark.parametrize(
    "changes",
    [
        {"HostConfig": {"Privileged": True}},
        {"HostConfig": {"Binds": ["/:/host"]}},
        {"HostConfig": {"Binds": [f"{PROJECT}_postgres:/data"]}},
        {"HostConfig": {"Binds": [f"{PROJECT}_flow-secrets:/run/secrets"]}},
        {"HostConfig": {"NetworkMode": "host"}},
        {"HostConfig": {"NetworkMode": f"{PROJECT}_engine-worker"}},
        {"HostConfig": {"PidMode": "host"}},
        {"HostConfig": {"CapDrop": []}},
        {"HostConfig": {"CapAdd": ["SYS_ADMIN"]}},
        {"HostConfig": {"SecurityOpt": []}},
        {"HostConfig": {"Devices": [{"PathOnHost": "/dev/vda"}]}},
        {"HostConfig": {"Memory": -1}},
        {"Image": "debian:trixie-slim"},
        {"Image": "trainyard/flows"},
        {"User": "root"},
        {"Entrypoint": ["sh"]},
        {"NetworkingConfig": {f"{PROJECT}_engine-worker": None}},
        {"hostconfig": {"Privileged": True}},
        {"Env": ["PREFECT_API_AUTH_STRING=admin:x"]},
        {"Labels": {"a": "b" * 130_000}},
    ],
)
def test_any_other_container_is_refused(stack, changes):
    assert create(create_body(**changes)) in (403, 413)


@pytest.mark.parametrize(
    "bend",
    [
        lambda text: text[:-1] + ', "HostConfig": {"Privileged": true}}',
        lambda text: text.replace('"HostConfig"', '"\\u0048ostConfig": {"Privileged": true}, "HostConfig"'),
        lambda text: text.replace('"CapDrop"', '"Privileged" : true, "CapDrop"'),
        lambda text: text.replace(": ", ":"),
        lambda text: text + text,
        lambda text: text.replace('"A=b"', '"A=b"], "HostConfig": {"Privileged": true}, "Env": ["A=b"'),
    ],
)
def test_a_second_host_config_in_any_spelling_is_refused(stack, bend):
    assert create(bend(json.dumps(create_body()))) == 403


@pytest.mark.parametrize(
    ("service", "method", "path"),
    [
        ("engine-proxy", "GET", "/v1.41/containers/json"),
        ("engine-proxy", "GET", f"/v1.41/containers/{PROJECT}-postgres-1/json"),
        ("engine-proxy", "POST", f"/v1.41/containers/{ANY_ID}/exec"),
        ("engine-proxy", "POST", f"/v1.41/containers/{ANY_ID}/attach"),
        ("engine-proxy", "GET", f"/v1.41/containers/{ANY_ID}/archive?path=/"),
        ("engine-proxy", "PUT", f"/v1.41/containers/{ANY_ID}/archive?path=/"),
        ("engine-proxy", "DELETE", f"/v1.41/containers/{ANY_ID}"),
        ("engine-proxy", "GET", "/v1.41/volumes"),
        ("engine-proxy", "GET", "/v1.41/networks"),
        ("engine-proxy", "GET", "/v1.41/info"),
        ("engine-proxy", "GET", "/v1.41/secrets"),
        ("engine-proxy", "POST", "/v1.41/build"),
        ("engine-proxy", "POST", "/v1.41/images/create?fromImage=debian&tag=latest"),
        ("engine-proxy", "POST", f"/v1.41/images/create?tag=a&fromImage=localhost:{5002 + PORTS_ABOVE}/trainyard/../x"),
        ("engine-proxy", "GET", "/v1.41/_ping/../containers/json"),
        ("engine-proxy", "GET", "/v1.41//containers/json"),
        ("engine-proxy", "GET", "/v1.41/containers%2fjson"),
        ("engine-proxy-deploy", "POST", "/v1.41/containers/create"),
        ("engine-proxy-deploy", "POST", f"/v1.41/containers/{ANY_ID}/start"),
        ("engine-proxy-deploy", "GET", "/v1.41/containers/json?all=1"),
        ("engine-proxy-deploy", "DELETE", f"/v1.41/containers/{ANY_ID}?force=1"),
        ("engine-proxy-deploy", "DELETE", "/v1.41/images/trainyard/postgres:latest?force=False&noprune=True"),
        ("engine-proxy-deploy", "POST", "/v1.41/build?networkmode=host"),
        ("engine-proxy-deploy", "POST", "/v1.41/build?remote=https://example.org"),
        ("engine-proxy-deploy", "POST", "/v1.41/build?%6eetworkmode=host"),
        ("engine-proxy-deploy", "POST", "/v1.41/build?t=trainyard/prefect"),
        (
            "engine-proxy-deploy",
            "POST",
            f"/v1.41/images/sha256:{ANY_ID}/tag?repo=trainyard/postgres&tag=latest",
        ),
        ("engine-proxy-deploy", "POST", "/v1.41/images/debian/push"),
        ("engine-proxy-deploy", "GET", "/v1.41/volumes"),
    ],
)
def test_every_other_call_is_refused(stack, service, method, path):
    answer = httpx.request(method, proxy(service) + path)

    assert answer.status_code == 403
    assert "refused by the engine proxy" in answer.text


def test_a_flow_container_reaches_neither_proxy_nor_socket(prefect: Prefect):
    run_id = prefect.start("patience/on-demand", seconds=20)
    prefect.until(run_id, "RUNNING")
    flow = docker.from_env().containers.get(prefect.container(run_id))
    for service in ("engine-proxy", "engine-proxy-deploy"):
        reached = flow.exec_run(["curl", "-sS", "-m", "3", proxy(service) + "/_ping"])
        assert reached.exit_code != 0
    assert flow.exec_run(["test", "-e", "/var/run/docker.sock"]).exit_code != 0
    flow.kill()

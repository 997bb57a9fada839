"""What the worker, deploy and the janitor may ask of the engine, and that everything else is refused before the
engine sees it."""

import itertools
import os
import subprocess
from collections.abc import Iterator

import docker
import pytest

from tests.e2e.engine.arrivals import allowed, wrong
from tests.e2e.engine.attacks import corpus
from tests.e2e.engine.mutations import mutations
from tests.e2e.engine.requests import ENTRIES, VERSION, World, base, create, create_body, good, http
from tests.e2e.engine.sockets import recorded_proxies, send
from tests.e2e.stack import PROJECT, Prefect, compose, container, inspect, run, until

PROXIES = {"worker": "engine-proxy", "deploy": "engine-proxy-deploy"}
REFUSED = {400, 403, 413}
GENERATED, SEED = 2000, 9


@pytest.fixture(scope="module")
def world(prefect: Prefect) -> Iterator[World]:
    """A flow container that ended, and one that runs."""
    ended = prefect.start("patience/on-demand")
    prefect.until(ended, "COMPLETED")
    runs = prefect.start("patience/on-demand", seconds=600)
    prefect.until(runs, "RUNNING")
    until(lambda: not inspect(prefect.container(ended))["State"]["Running"], 10, "the end of a container")
    worker, flow = container("worker"), inspect(prefect.container(ended))
    yield World(prefect.container(runs), flow["Id"], worker, flow["Image"], inspect(worker)["Image"])
    run("docker", "kill", prefect.container(runs), check=False)


@pytest.fixture(scope="module")
def recorded(world: World) -> Iterator[tuple]:
    with recorded_proxies() as found:
        yield found
    names = run("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", f"{world.registry}none*").stdout.split()
    run("docker", "rmi", "--no-prune", *names, check=False)


def state(world: World) -> list[object]:
    """What attacks are after: the containers they name, and names that they would leave."""
    found = [inspect(one) for one in (world.flow, world.ended, world.foreign)]
    life = ("Status", "Pid", "StartedAt", "FinishedAt")
    containers = [(one["Name"], one["HostConfig"], [one["State"][name] for name in life]) for one in found]
    containers.append([one["ExecIDs"] for one in found[:2]])  # a service's probe makes some
    images = run("docker", "images", "--all", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").stdout
    made = run("docker", "ps", "--all", "--quiet", "--filter", "name=attack").stdout
    return [containers, made, [line for line in images.splitlines() if "attack" in line]]


def test_every_attack_is_refused_and_changes_nothing_on_the_engine(world: World):
    attacks = list(corpus(world))
    before = state(world)
    answers = send([(role, request) for _, role, request in attacks])

    assert len(attacks) >= 60
    passed = [(what, answer) for (what, *_), answer in zip(attacks, answers, strict=True) if answer[0] not in REFUSED]
    assert passed == []
    assert all(text.startswith('{"message":"refused by the engine proxy: ') for _, text in answers if text)
    assert state(world) == before


def test_no_attack_reaches_the_engine(world: World, recorded):
    volumes, recorder = recorded
    recorder.arrivals.clear()
    send([(role, request) for _, role, request in corpus(world)], volumes)

    asked = {request.partition(b" HTTP/1.1")[0].decode() for request in recorder.requests}
    looks = {f"GET {VERSION}/containers/{one}/json" for one in (world.flow, world.ended, world.foreign)}
    looks |= {f"GET {VERSION}/images/{one}/json" for one in (world.foreign_image, base())}
    assert asked - looks == {"GET /_ping"}


def test_what_our_clients_send_reaches_the_engine_and_is_answered(world: World, recorded):
    volumes, recorder = recorded
    requests = [(role, request) for role, found in good(world).items() for request in found]
    recorder.arrivals.clear()
    answers = send(requests, volumes)

    assert [answer for answer in answers if answer[0] in REFUSED or answer[0] >= 500 or answer[0] == 0] == []
    calls = allowed(world)
    assert [why for request in recorder.requests if (why := wrong(request, calls, world))] == []
    assert (
        len({request for request in recorder.requests if b"/_ping" not in request}) >= len(requests) - 4
    )  # said twice


def test_whatever_is_generated_only_what_is_allowed_reaches_the_engine(world: World, recorded):
    volumes, recorder = recorded
    started = [inspect(one)["State"]["StartedAt"] for one in volumes.values()]
    generated = list(itertools.islice(mutations(world, SEED), GENERATED))
    send(generated[: GENERATED // 2], volumes, patience=0.5)
    half_way = memory(volumes)
    answers = send(generated[GENERATED // 2 :], volumes, patience=0.5)

    calls = allowed(world)
    assert [why for request in recorder.requests if (why := wrong(request, calls, world))] == []
    assert [answer for answer in answers if answer[0] >= 500] == []
    assert [inspect(one)["State"]["StartedAt"] for one in volumes.values()] == started
    assert memory(volumes) <= half_way + 16
    assert not run("docker", "ps", "--all", "--quiet", "--filter", "name=attack").stdout


def memory(volumes: dict[str, str]) -> float:
    """MiB of both proxies."""
    told = run("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", *volumes.values()).stdout
    return sum(float(line.split("MiB")[0]) for line in told.splitlines())


def test_the_engine_is_left_alone_when_a_client_leaves(world: World, recorded):
    volumes, recorder = recorded
    target = f"{VERSION}/containers/{world.flow}/logs?stderr=1&stdout=1&timestamps=0&follow=1&tail=all"
    recorder.arrivals.clear()
    send([("worker", http("GET", target))], volumes, patience=2)

    follows = [one for one in recorder.arrivals if b"follow=1" in one.request]
    assert len(follows) == 1
    until(lambda: follows[0].ended, 5, "the end of the request to the engine")


def test_each_refusal_is_one_line_that_says_why_and_shows_no_query(world: World):
    send([("deploy", http("GET", f"{VERSION}/volumes?secret=abc")), ("worker", b"GET /_ping HTTP/1.0\r\n\r\n")])
    said = compose("logs", "--no-color", *PROXIES.values())

    assert f'event=refused role=deploy method="GET" path="{VERSION}/volumes" reason="no rule of role deploy' in said
    assert 'event=refused role=worker method="GET" path="/_ping" reason="the request line is not' in said
    assert "secret=abc" not in said


def test_what_is_allowed_is_not_logged(world: World):
    send([(role, http("GET", "/version")) for role in ENTRIES])

    assert "/version" not in compose("logs", "--no-color", *PROXIES.values())


def test_the_container_that_is_made_is_locked_down(world: World):
    found = inspect(world.flow)
    host = found["HostConfig"]

    assert (host["ReadonlyRootfs"], host["Tmpfs"], host["Privileged"]) == (True, {"/tmp": "size=512m"}, False)
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
    assert (host["CapDrop"], host["CapAdd"], host["PidsLimit"]) == (["ALL"], None, 512)
    assert host["Memory"] == host["MemorySwap"] > 0


def test_a_flow_container_reaches_neither_proxy_nor_socket(world: World):
    for service in PROXIES.values():
        assert inspect(container(service))["HostConfig"]["NetworkMode"] == "none"
    flow = docker.from_env().containers.get(world.flow)
    sockets = flow.exec_run(["find", "/", "-path", "/proc", "-prune", "-o", "-type", "s", "-print"], stderr=False)

    assert sockets.output == b""


def test_no_other_user_of_this_machine_reaches_a_socket(stack):
    for volume in ENTRIES.values():
        folder = run("docker", "volume", "inspect", "--format", "{{.Mountpoint}}", f"{PROJECT}_{volume}").stdout.strip()
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}

        assert subprocess.run(["test", "-e", f"{folder}/engine.sock"], **nobody).returncode != 0
        mounted = ["docker", "run", "--rm", "-v", f"{PROJECT}_{volume}:/s", "trainyard/base"]
        assert run(*mounted, "stat", "-c", "%F %a %u", "/s/engine.sock").stdout == "socket 600 10001\n"


def test_a_container_cannot_outgrow_the_machine(world: World):
    most = docker.from_env().info()["MemTotal"]
    limits = [{"Memory": n, "MemorySwap": n} for n in (most, most + 1)]
    answers = send([("worker", create(create_body(world.registry, HostConfig=one))) for one in limits])

    assert [status for status, _ in answers] == [404, 403]  # the engine has no such image; the proxy refuses


def test_what_does_not_arrive_is_given_up(stack):
    pieces = {"a head": http("GET", "/_ping")[:-2], "a body": create("{}")[:-1]}
    answers = send([("worker", piece) for piece in pieces.values()], patience=20)

    assert [(status, "did not arrive" in text) for status, text in answers] == [(400, True), (400, True)]


def test_a_proxy_that_is_killed_listens_again(stack):
    for service in PROXIES.values():
        run("docker", "exec", container(service), "sh", "-c", "kill -9 -1", check=False)

    until(lambda: all(s == 200 for s, _ in send([(r, http("GET", "/_ping")) for r in ENTRIES])), 30, "both listen")

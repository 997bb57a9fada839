"""Times and memory of the running stack, next to a naive variant of the same stack (naive.yml); medians of
ROUNDS.

`make bench ONLY=stack` writes var/bench/stack.json. It measures the tests' own stack, in a copy; the
naive variant and the start with empty volumes have volumes of their own, which are deleted afterwards.
up_warm_s is `make up` with existing volumes and built images, up_empty_s the start of all services with empty
ones, deploy_first_s the push of every flow image into an empty registry, start_s the time from a run's creation
to Running.
"""

import json
import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import report
from tests.e2e.stack import ENVIRONMENT, PROJECT, ROOT, Prefect, make_copy, remove
from tests.e2e.stack import run as call

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SETTLE = 45  # seconds until garbage of the start is collected
EMPTY = {"COMPOSE_PROJECT_NAME": "empty"}
NAIVE = {"COMPOSE_PROJECT_NAME": "naive", "COMPOSE_FILE": "docker-compose.yml:tests/bench/naive.yml"}
STOCK = {"command": "prefect flow-run execute", "env": {"PYTHONPYCACHEPREFIX": "/none"}}


def seconds(*command: str, **more: str) -> float:
    """How long the command takes."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT | more, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return time.perf_counter() - started


def median(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    return round(statistics.median(measure() for _ in range(rounds)), 2)


def memory(project: str) -> dict[str, float]:
    """MiB of each service of the project."""
    time.sleep(SETTLE)
    lines = call("docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}").stdout.splitlines()
    found = {}
    for line in lines:
        if match := re.match(rf"{project}-(\S+)-1 ([0-9.]+)([GM])iB", line):
            found[match[1]] = float(match[2]) * (1024 if match[3] == "G" else 1)
    return found


def start(prefect: Prefect, **job_variables: object) -> float:
    """Seconds from a run's creation to Running."""
    found = prefect.call("GET", "/deployments/name/patience/on-demand")
    body = {"state": {"type": "SCHEDULED"}, "job_variables": job_variables}
    run_id = prefect.call("POST", f"/deployments/{found['id']}/create_flow_run", **body)["id"]
    prefect.until(run_id, seconds=120)
    states = prefect.states(run_id)
    return (states["Running"] - states["Scheduled"]).total_seconds()


def unique_layers_mb() -> float:
    """Layers of the images of all services, each counted once; read where the engine keeps them, so only as root on
    Linux."""
    layers = Path("/var/lib/docker/image/overlay2/layerdb/sha256")
    compose = call("docker", "compose", "--profile", "build", "--profile", "tools", "config", "--images").stdout
    images = set(compose.split())
    ours = {
        layer
        for image in images
        for layer in json.loads(call("docker", "inspect", image).stdout)[0]["RootFS"]["Layers"]
    }
    sizes = {(one / "diff").read_text(): int((one / "size").read_text()) for one in layers.iterdir()}
    return round(sum(sizes[layer] for layer in ours) / 1e6)


def ours() -> dict[str, object]:
    """Figures of the stack as `make up` starts it."""

    def existing() -> float:
        call("make", "down")
        return seconds("make", "up")

    figures: dict[str, object] = {"up_warm_s": median(existing)}
    prefect = Prefect()
    used = memory(PROJECT)
    figures["idle_mib"] = round(sum(used.values()) - used.get("model-server", 0))
    figures["idle_with_model_server_mib"] = round(sum(used.values()))
    figures["start_s"] = median(lambda: start(prefect))
    figures["start_stock_command_s"] = median(lambda: start(prefect, command="prefect flow-run execute"))
    figures["deploy_unchanged_s"] = median(lambda: seconds("make", "deploy"))
    figures["unique_layers_mb"] = unique_layers_mb()
    return figures | started_empty()


def started_empty() -> dict[str, object]:
    """The start with empty volumes, three times, and the first deploy after it."""
    compose = ("docker", "compose")
    call("make", "down")
    try:

        def once() -> float:
            seconds(*compose, "down", "--volumes", **EMPTY)
            return seconds(*compose, "up", "--detach", "--wait", **EMPTY)

        figures: dict[str, object] = {"up_empty_s": median(once, 3)}
        figures["deploy_first_s"] = round(seconds(*compose, "run", "--rm", "--no-TTY", "deploy", **EMPTY), 2)
    finally:
        seconds(*compose, "down", "--volumes", **EMPTY)
    return figures


def naive() -> dict[str, object]:
    """The same measurements of the variant; its own project, on the same ports, after ours is down."""
    call("make", "down")
    compose = ("docker", "compose")
    try:
        first = seconds(*compose, "up", "--detach", "--wait", **NAIVE)

        def again() -> float:
            seconds(*compose, "down", **NAIVE)
            return seconds(*compose, "up", "--detach", "--wait", **NAIVE)

        figures: dict[str, object] = {"up_empty_s": round(first, 2), "up_warm_s": median(again, 3)}
        seconds(*compose, "run", "--rm", "--no-TTY", "deploy", **NAIVE, ONLY="patience")
        used = memory("naive")
        figures["idle_mib"] = round(sum(used.values()) - used.get("model-server", 0))
        prefect = Prefect()
        figures["start_s"] = median(lambda: start(prefect, **STOCK), 3)
    finally:
        ids = call("docker", "ps", "-aq", "--filter", "network=naive_flows").stdout.split()
        subprocess.run(["docker", "rm", "-f", *ids], capture_output=True)
        seconds(*compose, "down", "--volumes", **NAIVE)
    return figures


def run() -> dict[str, object]:
    """Measure both in the tests' own copy; ours are on record before the naive variant starts, which may not."""
    running = make_copy()
    seconds("make", "up")
    figures = ours()
    report.write("stack", figures)
    figures["naive"] = naive()
    if not running:
        remove()
    return figures

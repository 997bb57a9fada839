"""The tests' own stack as a test sees it: Prefect's API, the engine, and bounded waits.

It is another Compose project in a copy of the tree, on other ports: whatever tests do to it, the stack that
somebody works with is not touched.
"""

import json
import os
import shutil
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from tests import copies

ROOT = copies.ROOT / "var/test-stack"
PROJECT = "trainyard-test"
# without what make hands to a make below it, which would then print more than for a person
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")} | {"COMPOSE_PROJECT_NAME": PROJECT}
PORTS_ABOVE = 10_000  # its ports are the usual ones and this
SELF_HEALING = 150  # seconds within which a run whose container is gone must have ended
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def make_copy() -> bool:
    """Bring the copy up to date; return whether its stack runs already, as when somebody develops on it."""
    filters = ("--filter", f"label=com.docker.compose.project={PROJECT}", "--filter", "status=running")
    running = bool(subprocess.run(["docker", "ps", "--quiet", *filters], capture_output=True, check=True).stdout)
    if not running:
        shutil.rmtree(ROOT, ignore_errors=True)
    copies.copy_project(ROOT)
    lines = [line.partition("=") for line in (ROOT / ".env.example").read_text().splitlines()]
    ported = [f"{n}={int(v) + PORTS_ABOVE}" if n.endswith("_PORT") else n + equals + v for n, equals, v in lines]
    (ROOT / ".env").write_text("\n".join(ported) + "\n")
    return running


def remove() -> None:
    """Stop the stack and delete what it kept: volumes, and the names of its flow images."""
    run("infra/host/down", "--volumes")
    ours = ("--filter", f"reference=localhost:{setting('REGISTRY_PORT')}/trainyard/*")
    if images := run("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", *ours).stdout.split():
        run("docker", "rmi", "--no-prune", *images, check=False)


def setting(name: str) -> str:
    """One line of .env."""
    return dict(line.split("=", 1) for line in (ROOT / ".env").read_text().split() if "=" in line)[name]


def secret(name: str) -> str:
    """One secret file."""
    return (ROOT / ".secrets" / name).read_text()


def run(*command: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command in the project's folder, its output as text."""
    environment = ENVIRONMENT | options.pop("env", {})
    done = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, **options)
    assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def compose(*arguments: str, check: bool = True) -> str:
    """`docker compose …`."""
    return run("docker", "compose", *arguments, check=check).stdout


def container(service: str) -> str:
    """Id of the service's container, running or not."""
    return compose("ps", "--all", "--quiet", service).strip()


def inspect(name: str) -> dict[str, Any]:
    """`docker inspect` of one thing."""
    return json.loads(run("docker", "inspect", name).stdout)[0]


def edit(name: str, old: str, new: str) -> None:
    """Put new text in the place of the old, which must be there, in one of the project's files."""
    path = ROOT / name
    text = path.read_text()
    assert old in text, f"{name} has no {old!r}"
    path.write_text(text.replace(old, new))


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until `true` returns something true; fail with words after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := true():
                return found
        except (httpx.TransportError, httpx.HTTPStatusError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def crash(*services: str) -> None:
    """kill -9 of all that runs in the services, as a crash: the engine starts them again."""
    for service in services:
        run("docker", "exec", container(service), "sh", "-c", "kill -9 -1", check=False)


def healthy(*services: str) -> None:
    """Wait until each of the services is."""
    for service in services:
        until(lambda s=service: inspect(container(s))["State"]["Health"]["Status"] == "healthy", 90, service)


def logged_in(request: httpx.Request) -> httpx.Request:
    """Prefect's log-in as it is now: a test may have changed it."""
    request.headers["Authorization"] = "Basic " + b64encode(secret("prefect_auth").encode()).decode()
    return request


class Prefect:
    """Runs of the stack's Prefect."""

    def __init__(self) -> None:
        url = f"http://127.0.0.1:{setting('PREFECT_PORT')}/api"
        self.http = httpx.Client(base_url=url, auth=logged_in, timeout=30)

    def call(self, method: str, path: str, **body: Any) -> Any:
        """JSON in, JSON out."""
        answer = self.http.request(method, path, json=body or None).raise_for_status()
        return answer.json() if answer.content else None

    def start(self, deployment: str, **parameters: Any) -> str:
        """A new run of the deployment; its id."""
        found = self.call("GET", f"/deployments/name/{deployment}")
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        return str(self.call("POST", f"/deployments/{found['id']}/create_flow_run", **body)["id"])

    def state(self, run_id: str) -> str:
        """The state's type."""
        return str(self.call("GET", f"/flow_runs/{run_id}")["state_type"])

    def until(self, run_id: str, *states: str, seconds: float = 60) -> str:
        """Wait for one of the states; return it."""
        wanted = set(states) or ENDED
        return str(until(lambda: s if (s := self.state(run_id)) in wanted else "", seconds, f"run in {wanted}"))

    def states(self, run_id: str) -> dict[str, datetime]:
        """When the run entered each state."""
        found = self.call("GET", f"/flow_run_states/?flow_run_id={run_id}")
        return {one["name"]: datetime.fromisoformat(one["timestamp"]) for one in found}

    def logs(self, run_id: str) -> str:
        """Everything that the run logged."""
        lines = self.call("POST", "/logs/filter", logs={"flow_run_id": {"any_": [run_id]}}, limit=200)
        return "\n".join(line["message"] for line in lines)

    def container(self, run_id: str) -> str:
        """Id of the run's container."""
        command = ["docker", "ps", "-aq", "--no-trunc", "--filter", f"label=io.prefect.flow-run-id={run_id}"]
        return str(until(lambda: run(*command).stdout.strip(), 30, "a container of the run"))

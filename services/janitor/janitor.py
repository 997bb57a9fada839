"""Sweeps every 15 s: ends runs that nobody runs any more, and removes old exited flow containers.

The automations see most of this sooner, but they count in the server's memory: what happens while the server
or its database is down, they forget. So here runs are compared with the containers that are there:
Pending for two minutes: what should have started it is gone. Running for a minute without a running container:
it ended without telling. A subflow whose parent ended a minute ago ended with it. All are set to Crashed.
Of the exited flow containers the last KEEP_CONTAINERS stay, so that their logs can be read. Standard library
only: it costs 15 MiB.
"""

import base64
import http.client
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PREFECT = os.environ["PREFECT_API_URL"]
ENGINE = "/run/engine/engine.sock"
NETWORK = os.environ["PROJECT"] + "_flows"  # flow containers of another stack on this engine are not ours
KEEP = int(os.environ["KEEP_CONTAINERS"])
AUTHORIZATION = "Basic " + base64.b64encode(os.environ["PREFECT_API_AUTH_STRING"].encode()).decode()
NEVER_STARTED_AFTER = timedelta(minutes=2)
GONE_AFTER = timedelta(minutes=1)  # a run whose container just ended may still be about to tell
RUN_ID = "io.prefect.flow-run-id"  # the label with which the worker marks a container
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
SWEPT = Path("/tmp/swept")  # noqa: S108 - the container's own; the health probe reads its time


def prefect(method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - whatever JSON is answered
    """Send one request to Prefect."""
    headers = {"Content-Type": "application/json", "Authorization": AUTHORIZATION}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(PREFECT + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


class EngineConnection(http.client.HTTPConnection):
    """HTTP over the Unix socket of the engine proxy."""

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(ENGINE)


def ask_engine(method: str, path: str) -> Any:  # noqa: ANN401 - whatever JSON is answered
    """Send one request to the engine proxy; a connection carries one."""
    connection = EngineConnection("engine", timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        text = answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"the engine proxy broke off: {error!r}") from error
    finally:
        connection.close()
    if answer.status >= 400:
        raise OSError(f"the engine answered {answer.status} to {method} {path}: {text[:200]!r}")
    return json.loads(text or b"null")


def engine(method: str, path: str) -> Any:  # noqa: ANN401 - whatever JSON is answered
    """Send one request in the engine's own version of its API, the one that the proxy takes."""
    return ask_engine(method, f"/v{ask_engine('GET', '/version')['ApiVersion']}{path}")


def runs(states: list[str], *, below_another: bool) -> list[dict[str, Any]]:
    """The work pool's runs in one of the *states*; the subflow runs instead when *below_another*."""
    chosen = {"state": {"type": {"any_": states}}, "parent_task_run_id": {"is_null_": not below_another}}
    pool = {} if below_another else {"work_pools": {"name": {"any_": ["docker"]}}}  # a subflow run is in no pool
    found: list[dict[str, Any]] = prefect("POST", "/flow_runs/filter", {"flow_runs": chosen} | pool)
    return found


def crash(run: dict[str, Any], message: str) -> None:
    """Set the run to Crashed and say why."""
    state = {"type": "CRASHED", "name": "Crashed", "message": message}
    prefect("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
    say(f"event=ended_lost_run id={run['id']} name={run['name']} reason={message!r}")


def older(time_: str, age: timedelta) -> bool:
    """Whether the ISO 8601 *time_* lies further back than *age*."""
    return datetime.fromisoformat(time_) < datetime.now(UTC) - age


def containers() -> list[dict[str, Any]]:
    """Flow containers of this stack, running or not, as the engine lists them."""
    filters = json.dumps({"label": [RUN_ID], "network": [NETWORK]}, separators=(",", ":"))
    found: list[dict[str, Any]] = engine("GET", f"/containers/json?all=1&filters={urllib.parse.quote(filters)}")
    return found


class Janitor:
    """Remembers since when a run's container is gone."""

    def __init__(self) -> None:
        self._gone: dict[str, datetime] = {}

    def end_never_started(self) -> None:
        """Crash runs that are Pending for too long."""
        for run in runs(["PENDING"], below_another=False):
            if older(run["state"]["timestamp"], NEVER_STARTED_AFTER):
                crash(run, "Pending for two minutes: what should have started it was lost.")

    def end_abandoned(self) -> None:
        """Crash runs that are under way without a container that runs."""
        alive = {one["Labels"][RUN_ID] for one in containers() if one["State"] not in ("exited", "dead")}
        under_way = {run["id"]: run for run in runs(["RUNNING", "CANCELLING"], below_another=False)}
        now = datetime.now(UTC)
        self._gone = {run_id: self._gone.get(run_id, now) for run_id in under_way.keys() - alive}
        for run_id, since in self._gone.items():
            if now - since >= GONE_AFTER:
                crash(under_way[run_id], "Its container is gone, and nobody told how the run ended.")

    def end_orphans(self) -> None:
        """Crash subflow runs whose parent has ended."""
        below = runs(["PENDING", "RUNNING", "CANCELLING"], below_another=True)
        if not below:
            return
        wrappers = {"task_runs": {"id": {"any_": [run["parent_task_run_id"] for run in below]}}}
        parent_of = {one["id"]: one["flow_run_id"] for one in prefect("POST", "/task_runs/filter", wrappers)}
        ids = {"flow_runs": {"id": {"any_": list(set(filter(None, parent_of.values())))}}}
        parents = {one["id"]: one["state"] for one in prefect("POST", "/flow_runs/filter", ids)}
        for run in below:
            state = parents.get(parent_of.get(run["parent_task_run_id"]))
            if state and state["type"] in ENDED and older(state["timestamp"], GONE_AFTER):
                crash(run, "The run that it was part of has ended.")

    def remove_old_containers(self) -> None:
        """Remove exited flow containers beyond the newest KEEP."""
        exited = [one for one in containers() if one["State"] in ("exited", "dead")]
        for container in sorted(exited, key=lambda one: one["Created"], reverse=True)[KEEP:]:
            engine("DELETE", f"/containers/{container['Id']}")

    def sweep(self) -> None:
        """Do all; a part that is down now is tried again at the next sweep."""
        for part in (self.end_never_started, self.end_abandoned, self.end_orphans, self.remove_old_containers):
            try:
                part()
            except (OSError, urllib.error.URLError) as error:
                say(f"event=skipped part={part.__name__} error={error!r}")
        SWEPT.touch()


def say(text: str) -> None:
    """One line to the log."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    janitor = Janitor()
    while True:
        janitor.sweep()
        time.sleep(15)

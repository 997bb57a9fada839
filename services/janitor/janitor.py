"""Sweeps every 15 s: ends Pending runs that nobody will start, and removes old exited flow containers.

A run is claimed (Pending) for seconds. When it stays so for two minutes, and the automation stuck-pending
did not see it because the server was restarted in between, it is set to Crashed here. Of the exited flow
containers the last KEEP_CONTAINERS stay, so that their logs can be read. Standard library only: it costs 15
MiB.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PREFECT = os.environ["PREFECT_API_URL"]
ENGINE = os.environ["ENGINE_URL"] + "/v1.41"
KEEP = int(os.environ["KEEP_CONTAINERS"])
AUTHORIZATION = "Basic " + base64.b64encode(os.environ["PREFECT_API_AUTH_STRING"].encode()).decode()
LOST_AFTER = timedelta(minutes=2)
SWEPT = Path("/tmp/swept")  # noqa: S108 - the container's own; the health probe reads its time


def call(method: str, url: str, body: object = None) -> Any:  # noqa: ANN401 - whatever JSON is answered
    """Send one request; the password goes to Prefect only."""
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": AUTHORIZATION} if url.startswith(PREFECT) else {}
    )
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=20) as answer:
        return json.loads(answer.read() or b"null")


def end_lost_runs() -> None:
    """Crash every run that has been Pending for longer than LOST_AFTER."""
    before = (datetime.now(UTC) - LOST_AFTER).isoformat()
    pending = {"flow_runs": {"state": {"type": {"any_": ["PENDING"]}}}}
    for run in call("POST", f"{PREFECT}/flow_runs/filter", pending):
        if run["state"]["timestamp"] < before:
            message = "Pending for two minutes: what should have started it was lost."
            state = {"type": "CRASHED", "name": "Crashed", "message": message}
            call("POST", f"{PREFECT}/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
            say(f"event=ended_lost_run id={run['id']} name={run['name']}")


def remove_old_containers() -> None:
    """Remove exited flow containers beyond the newest KEEP."""
    filters = '{"label":["io.prefect.flow-run-id"],"status":["exited","dead"]}'
    exited = call("GET", f"{ENGINE}/containers/json?all=1&filters={urllib.parse.quote(filters)}")
    for container in sorted(exited, key=lambda one: one["Created"], reverse=True)[KEEP:]:
        call("DELETE", f"{ENGINE}/containers/{container['Id']}")


def say(text: str) -> None:
    """One line to the log."""
    sys.stdout.write(text + "\n")


def sweep() -> None:
    """Do both; a part that is down now is tried again at the next sweep."""
    for part in (end_lost_runs, remove_old_containers):
        try:
            part()
        except (OSError, urllib.error.URLError) as error:
            say(f"event=skipped part={part.__name__} error={error!r}")
    SWEPT.touch()


if __name__ == "__main__":
    while True:
        sweep()
        time.sleep(15)

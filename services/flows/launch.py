"""Starts the flow run of this container in 1.5 s less than `prefect flow-run execute`.

That command imports Prefect three times in a row: itself, a supervisor, and the engine that runs the flow.
This script is the supervisor, in the standard library, and starts the engine (flows/engine.py) at once. The
trade: it speaks Prefect's control channel (one byte to say "cancel", version one, which Prefect keeps) and so is
pinned with Prefect; the start and cancel tests would show a change.

Cancelling: the run is looked at every 2 s; when it is Cancelling, the engine is told so and gets SIGTERM. It
then runs the flow's on_cancellation hooks itself and reports Cancelled. An engine that does not answer is
killed, and Cancelled is reported here. Ending: 0 when the run's state is final or waiting, whatever it is;
else the engine's code, or 128 + the signal that ended it, which the worker reports as Crashed.
"""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

API = os.environ["PREFECT_API_URL"]
RUN = os.environ["PREFECT__FLOW_RUN_ID"]
LOOK_EVERY = 2.0  # seconds
GRACE = 10.0  # seconds for hooks after "cancel"


def call(method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - whatever JSON is answered
    """One request to Prefect's API."""
    headers = {"Content-Type": "application/json"}
    if login := os.environ.get("PREFECT_API_AUTH_STRING"):
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(API + path, data, headers, method=method), timeout=20) as answer:
        return json.loads(answer.read())


def state() -> str:
    """The run's state type now; empty while the API does not answer."""
    try:
        return str(call("GET", f"/flow_runs/{RUN}")["state_type"])
    except OSError:
        return ""


def out_of_memory() -> bool:
    """Whether the kernel killed something in this container for lack of memory (control groups version 2,
    then 1)."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        if Path(path).exists():
            counts = dict(line.split() for line in Path(path).read_text().splitlines())
            return int(counts.get("oom_kill", 0)) > 0
    return False


def report(type_: str, message: str) -> None:
    """Set the run's state."""
    body = {"type": type_, "name": type_.capitalize(), "message": message}
    call("POST", f"/flow_runs/{RUN}/set_state", {"state": body, "force": True})


def cancel(engine: subprocess.Popen[bytes], channel: socket.socket) -> None:
    """Tell the engine why, end it, and see to it that the run is Cancelled."""
    channel.settimeout(2)
    try:
        connection, _ = channel.accept()
        connection.settimeout(2)
        connection.sendall(b"c")
        while connection.recv(1) not in (
            b"a",
            b"",
        ):  # past the token and the greeting, to the acknowledgement
            pass
        engine.terminate()
        engine.wait(GRACE)
    except (OSError, subprocess.TimeoutExpired):
        engine.kill()
        engine.wait()
    if state() == "CANCELLING":
        report("CANCELLED", "The flow was ended before it could say so.")


def main() -> int:
    """Run the engine to its end."""
    channel = socket.create_server(("127.0.0.1", 0))
    told = {
        "PREFECT__CONTROL_PORT": str(channel.getsockname()[1]),
        "PREFECT__CONTROL_TOKEN": secrets.token_hex(16),
    }
    engine = subprocess.Popen([sys.executable, "-m", "flows.engine"], env=os.environ | told)
    signal.signal(signal.SIGTERM, lambda *_: engine.terminate())
    while True:
        try:
            code = engine.wait(LOOK_EVERY)
            break
        except subprocess.TimeoutExpired:
            if state() == "CANCELLING":
                cancel(engine, channel)
    if code and state() in ("COMPLETED", "FAILED", "CANCELLED", "SCHEDULED", "PAUSED"):
        return 0
    if code == -signal.SIGKILL and out_of_memory():
        report(
            "CRASHED",
            "Out of memory: the run needed more than its container may have (job variable mem_limit).",
        )
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main())

"""Real servers for tests: each on a free port and a folder of its own, ended with the block."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import requests


def free_port() -> int:
    """A port that nobody has, nor the one after it; below those that the kernel gives to clients, us among them."""
    for port in random.sample(range(20_000, 32_000, 2), 100):
        with socket.socket() as one, socket.socket() as next_one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            next_one.bind(("127.0.0.1", port + 1))
            return port
    raise AssertionError("no free port among 100 tried")


def wait_for(ask, *, seconds: float = 120, what: str = "an answer"):
    """The first true result of *ask*; fail when there is none in *seconds*."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := ask():
                return found
        except (requests.ConnectionError, requests.Timeout):
            pass  # asked again: a busy machine starts and answers late
        time.sleep(0.05)
    raise AssertionError(f"no {what} within {seconds} s")


def end(process: subprocess.Popen) -> None:
    """SIGTERM to *process*; what is left of its family after 30 s is killed."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.terminate()
    for late in psutil.wait_procs(family, timeout=30)[1]:
        late.kill()
    process.wait()


@contextmanager
def running(arguments: list[str], *, output: Path | None = None, **environment: str) -> Iterator[subprocess.Popen]:
    """`python arguments…`, ended with the block; what it prints goes to the file *output*, errors to ours."""
    with ExitStack() as files:
        stdout = files.enter_context(output.open("wb")) if output else None
        process = subprocess.Popen([sys.executable, *arguments], env=os.environ | environment, stdout=stdout)
        try:
            yield process
        finally:
            if process.poll() is None:
                end(process)


@contextmanager
def mlflow_server(folder: Path, port: int) -> Iterator[str]:
    """An MLflow server with its database and artifacts in *folder*; gives its address."""
    folder.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{port}"
    command = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder), "--uvicorn-opts", "--log-level warning"]
    calm = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with running(command, **calm):
        wait_for(lambda: requests.get(f"{url}/health", timeout=5).ok, seconds=300, what="MLflow server")
        yield url


@contextmanager
def model_server(folder: Path, registry: str, **settings: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """`python -m services.model_server`; gives its address and its process once it is live."""
    folder.mkdir(parents=True, exist_ok=True)
    port = settings.pop("MODEL_SERVER_PORT", None) or str(free_port())
    given = {"MODEL_DIR": str(folder), "MLFLOW_TRACKING_URI": registry, "MODEL_SERVER_PORT": port}
    given |= {"MODEL_POLL_SECONDS": "0.5"} | settings
    url = f"http://127.0.0.1:{port}"
    with running(["-m", "services.model_server"], output=folder / "access.log", **given) as process:
        wait_for(lambda: requests.get(f"{url}/health/live", timeout=5).ok, what="live model server")
        yield url, process

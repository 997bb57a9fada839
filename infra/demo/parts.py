"""The four servers of the demo: PostgreSQL, Prefect, MLflow, the model server.

Prefect and MLflow keep their records in SQLite. A part that never was ready, since it was killed at its first
start, begins again from nothing: half-made tables cannot be mended, and nothing is in them yet.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import httpx

from infra.demo import environment, postgres
from infra.demo.places import Places
from infra.demo.ports import HOST
from infra.demo.processes import Part

USUAL_PORTS = {"prefect": 4200, "mlflow": 5001, "server": 8080, "metrics": 8081}


def all_parts(places: Places, ports: Mapping[str, int], inherited: Mapping[str, str]) -> list[Part]:
    """Return the servers in the order in which they should be started."""
    return [
        mlflow(places, ports, inherited),  # the slowest first
        prefect(places, ports, inherited),
        postgresql(places, inherited),
        model_server(places, ports, inherited),
    ]


def postgresql(places: Places, inherited: Mapping[str, str]) -> Part:
    """Return PostgreSQL on a Unix socket."""
    folder = places.part("postgres")
    postgres.end_left_over(folder)
    postgres.make_socket_folder(folder)
    return Part(
        name="postgres",
        command=[sys.executable, "-m", "infra.demo.postgres", str(folder)],
        environment=inherited,
        log=places.log("postgres"),
        is_ready=lambda: postgres.is_ready(folder),
        what=f"ready in {places.shown(folder)}",
        polite="INT",  # fast shutdown; TERM would wait for its clients
    )


def prefect(places: Places, ports: Mapping[str, int], inherited: Mapping[str, str]) -> Part:
    """Return the Prefect server, as `prefect server start` runs it."""
    port, folder = ports["prefect"], places.part("prefect")
    marker = _ready_once(folder)
    return Part(
        name="prefect",
        command=[sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        + ["--host", HOST, "--port", str(port), "--timeout-keep-alive", "5", "--log-level", "warning"],
        environment={**inherited, **environment.prefect(places, port)},
        log=places.log("prefect"),
        is_ready=lambda: _answers(f"http://{HOST}:{port}/api/health"),
        what=f"ready at http://{HOST}:{port}",
        done=marker.touch,
    )


def mlflow(places: Places, ports: Mapping[str, int], inherited: Mapping[str, str]) -> Part:
    """Return the MLflow server, which hands artifacts through: no client needs the folder where they are."""
    port, folder = ports["mlflow"], places.part("mlflow")
    marker, now = _ready_once(folder), version("mlflow")
    store = f"sqlite:///{folder}/mlflow.db"
    if marker.exists() and marker.read_text() != now:
        upgrade = [sys.executable, "-m", "mlflow", "db", "upgrade", store]
        subprocess.run(upgrade, env=dict(inherited), check=True, capture_output=True)
    return Part(
        name="mlflow",
        command=[
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            HOST,
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        + ["--backend-store-uri", store, "--artifacts-destination", str(folder / "artifacts")]
        + ["--uvicorn-opts", "--log-level warning"],
        environment={**inherited, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        log=places.log("mlflow"),
        is_ready=lambda: _answers(f"http://{HOST}:{port}/health"),
        what=f"ready at http://{HOST}:{port}",
        done=lambda: _write(marker, now),
    )


def model_server(places: Places, ports: Mapping[str, int], inherited: Mapping[str, str]) -> Part:
    """Return the model server; it is live at once and takes the champion as soon as there is one."""
    port = ports["server"]
    return Part(
        name="server",
        command=[sys.executable, "-m", "services.model_server"],
        environment={**inherited, **environment.model_server(places, ports)},
        log=places.log("model_server"),
        is_ready=lambda: _answers(f"http://{HOST}:{port}/health/live"),
        what=f"live at http://{HOST}:{port}; it serves the champion as soon as there is one",
    )


def _ready_once(folder: Path) -> Path:
    """Return the file that says that *folder* was whole once; without it, make the folder anew."""
    marker = folder.with_name(f"{folder.name}.ready")
    if not marker.exists():
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return marker


def _write(marker: Path, text: str) -> None:
    marker.write_text(text)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False

"""The environment of every child process, made in one place; the only file of the demo that reads its own."""

import os
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from infra.demo import postgres
from infra.demo.places import Places
from infra.demo.ports import HOST

OURS = ("PREFECT_", "MLFLOW_", "_MLFLOW_", "MODEL_", "AWS_", "TRIPS_", "PG", "LAKE_URL", "HOME_LINKS")
# A person's own settings of these kinds would mislead the parts.
QUIET = {
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GIT_PYTHON_REFRESH": "quiet",  # MLflow complains where git is not installed
}


def given() -> Mapping[str, str]:
    """Return the environment that the demo was started with."""
    return os.environ


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what every child takes over of *environ*: all but the parts' own settings; no proxy to ourselves."""
    kept = {name: value for name, value in environ.items() if not name.startswith(OURS)}
    direct = ",".join(filter(None, [environ.get("NO_PROXY") or environ.get("no_proxy"), HOST, "localhost"]))
    return kept | QUIET | {"PYTHONUNBUFFERED": "1", "NO_PROXY": direct, "no_proxy": direct}


def addresses(places: Places, ports: Mapping[str, int], source: str) -> dict[str, str]:
    """Return what a flow needs to know, as `var/demo/environment` tells it too."""
    return QUIET | {
        "DATABASE_URL": postgres.url(places.part("postgres")),
        "LAKE_URL": places.lake.as_uri(),
        "MLFLOW_TRACKING_URI": f"http://{HOST}:{ports['mlflow']}",
        "PREFECT_API_URL": f"http://{HOST}:{ports['prefect']}/api",
        "PREFECT_HOME": str(places.part("prefect")),
        "PREFECT_LOCAL_STORAGE_PATH": str(places.part("results")),
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "trainyard",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",  # the flows print their own lines
        "TRIPS_SOURCE": source,
        "TRIPS_DOWNLOADS": str(places.downloads),
        "MODEL_SERVER_URL": f"http://{HOST}:{ports['server']}",
    }


def prefect(places: Places, port: int) -> dict[str, str]:
    """Return the settings of the Prefect server; its SQLite file lies in PREFECT_HOME."""
    return {
        "PREFECT_HOME": str(places.part("prefect")),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_UI_API_URL": f"http://{HOST}:{port}/api",
    }


def model_server(places: Places, ports: Mapping[str, int]) -> dict[str, str]:
    """Return the settings of the model server; it looks at the registry every second, so that nobody waits."""
    mlflow = f"http://{HOST}:{ports['mlflow']}"
    page = f"{mlflow}/#/experiments?workflowType=machine_learning"  # else MLflow opens on language models
    links = f"Prefect http://{HOST}:{ports['prefect']}; MLflow {page} {mlflow}/health"
    return {
        "MLFLOW_TRACKING_URI": mlflow,
        "MODEL_DIR": str(places.part("model")),
        "MODEL_SERVER_PORT": str(ports["server"]),
        "MODEL_SERVER_METRICS_PORT": str(ports["metrics"]),
        "MODEL_POLL_SECONDS": "1",
        "HOME_LINKS": links,
    }


def write(path: Path, variables: Mapping[str, str]) -> None:
    """Write `NAME='value'` lines for a shell, for the owner's eyes only; all or nothing."""
    new = path.with_name(f"{path.name}.{uuid4().hex[:8]}")
    new.touch(mode=0o600)
    new.write_text("".join(f"{name}={_quoted(value)}\n" for name, value in sorted(variables.items())))
    new.rename(path)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"

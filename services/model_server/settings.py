"""What the environment says about this server, read once; the only file of the service that reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

REQUIRED = {
    "MLFLOW_TRACKING_URI": "address of the MLflow server that holds the model registry, such as http://127.0.0.1:5001"
}


class Link(NamedTuple):
    """A part of the stack: its name, its address for people, and where this server asks whether it is up."""

    name: str
    url: str
    probe: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "NAME URL [URL TO PROBE]"; the name may have spaces."""
        words = text.split()
        urls = [word for word in words if "://" in word] or ["/"]
        return cls(" ".join(word for word in words if "://" not in word), urls[0], urls[-1])


class SettingsError(ValueError):
    """Says in one message everything that is missing or cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Each field is the variable of the same name in capitals."""

    mlflow_tracking_uri: str
    model_name: str = "trip-duration"
    model_alias: str = "champion"
    model_dir: Path = Path("var/model_server")
    model_poll_seconds: float = 10.0  # between two looks at the registry
    model_candidate_alias: str = "candidate"
    model_shadow_percent: float = 0.0  # of requests that the candidate predicts too; compared, never returned
    model_split_percent: float = 0.0  # of requests that the candidate answers
    model_reload_token: str = ""  # lets its bearer ask for a look at the registry now
    model_server_host: str = "127.0.0.1"
    model_server_port: int = 8080
    model_server_allowed_hosts: str = "localhost"  # Host names to answer for; addresses in figures are always allowed
    model_server_workers: int = 2
    model_server_threads: int = 512  # per worker, made as needed, and as many connections: a slow body holds one
    model_server_max_rows: int = 10_000
    model_server_max_body_bytes: int = 8_000_000  # about 10 000 rows at 800 bytes of JSON each
    model_server_body_seconds: float = 10.0  # for a body to arrive
    model_server_metrics_port: int = 0  # Prometheus page; 0: the port after the server's
    model_server_access_log: str = "on"  # or off
    model_server_keys_file: str = ""  # who may call; empty: everybody
    lake_url: str = ""  # where predictions are logged, below prediction-log/; empty: nowhere
    prediction_log: str = "on"  # or off
    prediction_log_seconds: float = 30.0  # between two files
    home_links: str = ""  # for the home page: "Prefect URL [URL TO PROBE]; S3 console URL ..."

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read every variable, an empty one as not given; raise one SettingsError for all that is wrong."""
        given = {field.name: environ.get(field.name.upper(), "") for field in fields(cls)}
        wrong = [f"{name} is not set: {why}" for name, why in REQUIRED.items() if not given[name.lower()]]
        values: dict[str, Any] = {}
        for field in fields(cls):
            if text := given[field.name]:
                try:
                    values[field.name] = field.type(text)  # type: ignore[operator]  # str, int, float and Path all read a string
                except ValueError:
                    wrong.append(f"{field.name.upper()}={text!r} is not {_kind(field.type)}")
        percents = {name: value for name, value in values.items() if name.endswith("_percent")}
        wrong += [f"{n.upper()}={v:g} is not from 0 to 100" for n, v in percents.items() if not 0 <= v <= 100]
        if wrong:
            raise SettingsError("; ".join(wrong))
        return cls(**values)

    @property
    def prediction_log_url(self) -> str:
        """Where the prediction log goes, empty when it is off."""
        return f"{self.lake_url.rstrip('/')}/prediction-log" if self.lake_url and self.prediction_log != "off" else ""

    @property
    def metrics_port(self) -> int:
        """The port of the Prometheus page."""
        return self.model_server_metrics_port or self.model_server_port + 1

    @property
    def mlflow_url(self) -> str:
        """MLflow's address for people, as the home page's links have it: scheme and host; empty when they do not."""
        for link in self.links:
            if link.name.lower() == "mlflow" and (parts := urlsplit(link.url)).netloc:
                return f"{parts.scheme}://{parts.netloc}"
        return ""

    @property
    def links(self) -> list[Link]:
        """The home page's links, in their order."""
        return [Link.parse(text) for text in self.home_links.split(";") if text.strip()]


def _kind(type_: object) -> str:
    return "a whole number" if type_ is int else "a number"


def load() -> Settings:
    """The settings of this process."""
    return Settings.from_env(os.environ)


def take_lake_environment() -> dict[str, str]:
    """Take LAKE_AWS_* out of this environment, as the AWS_* of the one process that writes to the lake.

    So its keys are nothing that the follower or a worker could show.
    """
    names = [name for name in os.environ if name.startswith("LAKE_AWS_")]
    return {name.removeprefix("LAKE_"): os.environ.pop(name) for name in names}


def calm_worker_libraries() -> None:
    """Before workers start: no threads for linear algebra that nobody does, few heaps, large blocks outside of them."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", "1000000")  # bytes; given back at once when they are freed


def trial_environment() -> dict[str, str]:
    """The environment for what tries a model: nothing of the registry, no token."""
    calm = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "ORT_DISABLE_TELEMETRY": "1"}
    kept = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TZDIR", "PYTHONTZPATH")
    return calm | {name: os.environ[name] for name in kept if name in os.environ}


def follower_environment() -> dict[str, str]:
    """The environment for what talks to MLflow: one short try, since the next look comes soon."""
    calm = {
        "DO_NOT_TRACK": "true",
        "GIT_PYTHON_REFRESH": "quiet",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    }
    return calm | dict(os.environ)

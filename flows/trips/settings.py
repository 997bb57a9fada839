"""Where things are: addresses from the environment, read once when a flow starts.

A flow never knows on which size of Trainyard it runs.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PUBLISHED_TRIPS = "https://d37ci6vzurychx.cloudfront.net/trip-data"  # where the city publishes its months


@dataclass(frozen=True)
class Settings:
    """Addresses of one installation.

    `source` is a folder or URL that holds `green_tripdata_YYYY-MM.parquet`; `lake_url` is `file:///…` or
    `s3://bucket/…` (S3 keys and endpoint are the usual `AWS_*` variables, read by Arrow itself). `mlflow_ui`
    and `model_server` are addresses as a person's browser knows them, for links; flows themselves use `tracking_uri`.
    """

    database_url: str = field(repr=False)  # holds a password
    lake_url: str
    tracking_uri: str
    source: str
    downloads: str
    mlflow_ui: str
    model_server: str

    @property
    def database(self) -> str:
        """The database's place without its log-in, for keys and messages: a new password is the same database."""
        where = urlsplit(self.database_url)
        return f"{where.hostname or ''}:{where.port or 5432}{where.path}?{where.query}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; raise `SettingsError` that names every missing variable."""
        required = ("DATABASE_URL", "LAKE_URL", "MLFLOW_TRACKING_URI")
        missing = [name for name in required if not environ.get(name)]
        if missing:
            raise SettingsError(
                f"not set: {', '.join(missing)}. After `make demo KEEP=1` the file var/demo/environment has them: "
                "`set -a; . var/demo/environment`; in the stack they come from Compose."
            )
        return cls(
            database_url=environ["DATABASE_URL"],
            lake_url=environ["LAKE_URL"],
            tracking_uri=environ["MLFLOW_TRACKING_URI"],
            source=environ.get("TRIPS_SOURCE") or PUBLISHED_TRIPS,
            downloads=environ.get("TRIPS_DOWNLOADS") or "var/downloads",
            mlflow_ui=environ.get("MLFLOW_UI_URL") or environ["MLFLOW_TRACKING_URI"],
            model_server=environ.get("MODEL_SERVER_URL") or "http://localhost:8080",
        )


class SettingsError(ValueError):
    """A variable of the environment is missing."""


def command(arguments: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return what a person types here to run a flow, for messages: `train` gives `docker compose run --rm flows train`.

    The stack sets FLOWS_COMMAND; without it the flows run in a checkout's own environment.
    """
    return f"{environ.get('FLOWS_COMMAND') or '.venv/bin/python -m flows'} {arguments}"


def let_waiting_threads_sleep() -> None:
    """Tell OpenMP, before XGBoost loads it, to let a thread that waits for the others sleep instead of spin.

    Spinning threads take the processor from the one they wait for as soon as anything else runs on the machine:
    100 rounds on a month took 10 to 36 s beside other work, and 3 s so. The trees are the same to the last bit.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

"""What the home page tells of the served version: its errors with unit and month, and where it comes from."""

from typing import NamedTuple
from urllib.parse import quote

from services.model_server import verdicts
from services.model_server.releases import AliasVersion, Release
from services.model_server.serving import Served

# name of the metric, what it is called, the same of the method that it is compared with, what it means
METRICS = (
    ("rmse", "RMSE", "baseline_rmse", "root mean square error"),
    ("mae", "MAE", "baseline_mae", "mean absolute error"),
    ("p90", "P90", "", "nine in ten errors are smaller"),
)
SHOWN_OF_ID = 8  # characters of a commit or a run, as Git abbreviates
UNKNOWN_COMMIT = "unknown"


class Fact(NamedTuple):
    """A name and its value, which may lead somewhere; *title* is what a pointer on it shows."""

    name: str
    text: str
    url: str = ""
    title: str = ""


class Judged(NamedTuple):
    """A version behind an alias, as the home page shows it."""

    alias: str
    version: Fact
    verdict: str
    details: list[str]


def facts(served: Served, mlflow: str) -> list[Fact]:
    """Return what a person wants to know first; *mlflow* is MLflow's address for people, or empty."""
    release, training = served.predictor.release, served.predictor.schema.more.get("training")
    about = training if isinstance(training, dict) else {}
    told = [Fact("served since", verdicts.when(release.since))] if release.since else []
    told += errors(release, served.predictor.schema.output.unit)
    for name, value in about.items():
        if name != "commit" and isinstance(value, str | int | float | list):
            told.append(Fact(f"training {name.replace('_', ' ')}", _plain(value)))
    if release.run_id:
        told.append(Fact("MLflow run", release.run_id[:SHOWN_OF_ID], run_url(mlflow, release), release.run_id))
    commit = str(about.get("commit") or release.tags.get("commit") or UNKNOWN_COMMIT)
    if commit != UNKNOWN_COMMIT:
        told.append(Fact("commit", commit[:SHOWN_OF_ID], title=commit))
    return told


def errors(release: Release, unit: str | None) -> list[Fact]:
    """Return the headline metrics with their unit, the month that they were measured on and what they compare with."""
    told, month = [], release.tags.get("validate")
    for name, label, baseline, meaning in METRICS:
        if name in release.metrics:
            text = f"{release.metrics[name]:.3f}{f' {unit}' if unit else ''}{f' on {month}' if month else ''}"
            if baseline in release.metrics:
                text += f"; the source's method {release.metrics[baseline]:.3f}"
            told.append(Fact(label, text, title=meaning))
    return told


def judged(versions: list[AliasVersion], name: str, unit: str | None, mlflow: str) -> list[Judged]:
    """Return the versions behind the aliases of the model *name*."""
    shown = []
    for version in versions:
        label = Fact(version.alias, f"version {version.version}", version_url(mlflow, name, version.version))
        details = [verdicts.reason(version, unit), verdicts.when(version.at)]
        verdict = version.verdict or "no verdict yet"
        shown.append(Judged(version.alias, label, verdict, [text for text in details if text]))
    return shown


def version_url(mlflow: str, name: str, version: str) -> str:
    """Return the page of a version in MLflow, empty where MLflow's address is not known."""
    if not mlflow:
        return ""
    return f"{mlflow}/#/models/{quote(name, '')}/versions/{quote(version, '')}?workflowType=machine_learning"


def run_url(mlflow: str, release: Release) -> str:
    """Return the page of the run that made *release*, empty where it is not known."""
    if not (mlflow and release.run_id and release.experiment_id):
        return ""
    experiment, run = quote(release.experiment_id, ""), quote(release.run_id, "")
    return f"{mlflow}/#/experiments/{experiment}/runs/{run}?workflowType=machine_learning"


def _plain(value: str | float | list[object]) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)

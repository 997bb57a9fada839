"""Models in MLflow: logged with what a reader wants to know, registered, and switched by alias.

The alias is the only switch of what is served: `champion` serves, `candidate` waits, `previous` is the way back.
Knows nothing of how a model is made; a model is the bytes of an ONNX file.
"""

import logging
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import onnx
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from flows.trips import mlflow_flavor
from flows.trips.descriptions import usage
from flows.trips.graph import FIELDS, MODEL_NAME, OUTPUT
from flows.trips.month import each
from flows.trips.run_report import Report
from flows.trips.settings import command
from flows.trips.verdict import Verdict

CHAMPION, CANDIDATE, PREVIOUS = "champion", "candidate", "previous"
CHECKSUM = "model_sha256"  # tag of a version: SHA-256 of its model.onnx, in hexadecimal
ABOUT = "Minutes that a New York green-taxi trip takes."

log = logging.getLogger("trainyard.registry")
logging.getLogger("mlflow").setLevel(logging.ERROR)  # its notices are for people at a notebook


@dataclass(frozen=True)
class Version:
    """One version of the registered model; *tags* are those of the version."""

    version: str
    run_id: str
    tags: dict[str, str]

    @property
    def learnt_from(self) -> list[str]:
        """The months that the version learnt from; none where its maker did not say (the tag `train`)."""
        return each(self.tags["train"]) if "train" in self.tags else []


@dataclass(frozen=True)
class Lineage:
    """A month that a model has seen: where its rows are, and the checksum of the file that they came from."""

    month: str
    url: str
    sha256: str
    context: str  # "training" or "validation"


class NoModelError(LookupError):
    """No version stands behind the alias; the message says what to run."""


class ChangedModelError(ValueError):
    """The model file of a version is not the one that was registered."""


def register(
    tracking_uri: str,
    graph: bytes,
    *,
    report: Report,
    model_server: str,
    parameters: Mapping[str, str],
    lineage: list[Lineage],
    tags: Mapping[str, str],
) -> Version:
    """Log one run with the model and everything known of it, and register it; return the version."""
    model = onnx.load_from_string(graph)
    checksum = sha256(model.SerializeToString()).hexdigest()  # what MLflow writes is made from the model so
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(MODEL_NAME)
    client = mlflow.MlflowClient(tracking_uri)
    with mlflow.start_run(run_name=report.name, tags=dict(tags)) as run:
        mlflow.log_params(dict(parameters))
        mlflow.log_metrics(dict(report.metrics))
        _log_lineage(lineage)
        logged = Model.log(
            None,  # no artifact path: since MLflow 3 a model has a name and a place of its own
            mlflow_flavor,
            name="model",
            model=model,
            signature=mlflow_flavor.signature(),
            input_example=mlflow_flavor.example(),
            # without the names of zones and codes, which stand in fields.json and in the graph
            metadata={"fields": [asdict(replace(field, choices=None)) for field in FIELDS], "output": OUTPUT},
        )
        mlflow.log_dict({"fields": [asdict(field) for field in FIELDS], "output": OUTPUT}, "fields.json")
        report.log_details(client, run.info.run_id)
    if not client.search_registered_models(f"name='{MODEL_NAME}'"):
        client.create_registered_model(
            MODEL_NAME, description=f"{ABOUT}\n\n{usage('@' + CHAMPION, 'the champion', model_server)}"
        )
    created = client.create_model_version(
        MODEL_NAME,
        logged.model_uri,
        run.info.run_id,
        tags={**tags, CHECKSUM: checksum},
        model_id=logged.model_id,
        description=report.sentence,
    )
    how = usage(f"/{created.version}", "this version", model_server)
    client.set_tag(run.info.run_id, MLFLOW_RUN_NOTE, f"{report.summary}\n\n{how}")
    return _version(created)


def _log_lineage(lineage: list[Lineage]) -> None:
    for month in lineage:
        with warnings.catch_warnings(action="ignore"):  # it finds two names for one kind of source
            source = resolve_dataset_source(month.url)
        dataset = MetaDataset(source, name=f"trips {month.month}", digest=month.sha256[:36])  # type: ignore[abstract]  # mlflow's own stub forgets it
        mlflow.log_input(dataset, context=month.context, tags={"sha256": month.sha256})


def version(tracking_uri: str, alias: str) -> Version | None:
    """Return the version behind *alias*, or None where there is none."""
    client = mlflow.MlflowClient(tracking_uri)
    try:
        found = client.get_model_version_by_alias(MODEL_NAME, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise
    return _version(found)


def required(tracking_uri: str, alias: str) -> Version:
    """Return the version behind *alias*, or raise `NoModelError`."""
    found = version(tracking_uri, alias)
    if found is None:
        remedy = "promote" if alias == CHAMPION else "train"
        raise NoModelError(f"model {MODEL_NAME} has no {alias}; {remedy} one: {command(remedy)}")
    return found


def chosen(tracking_uri: str, number: str | None, alias: str) -> Version:
    """Return version *number*, or the one behind *alias* where none is given; raise `NoModelError` without one."""
    if number is None:
        return required(tracking_uri, alias)
    try:
        return _version(mlflow.MlflowClient(tracking_uri).get_model_version(MODEL_NAME, number))
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise NoModelError(f"model {MODEL_NAME} has no version {number}; MLflow lists those that there are") from error


def tagged(tracking_uri: str, name: str, value: str) -> Version | None:
    """Return the newest version that carries the tag, or None."""
    client = mlflow.MlflowClient(tracking_uri)
    versions = client.search_model_versions(f"name='{MODEL_NAME}' and tags.`{name}`='{value}'")
    return max((_version(found) for found in versions), key=lambda found: int(found.version), default=None)


def newest(tracking_uri: str) -> Version | None:
    """Return the newest version that a flow registered, or None."""
    versions = mlflow.MlflowClient(tracking_uri).search_model_versions(f"name='{MODEL_NAME}'")
    ours = (_version(found) for found in versions if "inputs" in found.tags)
    return max(ours, key=lambda found: int(found.version), default=None)


def experiment(tracking_uri: str, found: Version) -> str:
    """Return the id of the experiment that holds the version's run."""
    return str(mlflow.MlflowClient(tracking_uri).get_run(found.run_id).info.experiment_id)


def record(tracking_uri: str, verdict: Verdict) -> None:
    """Put *verdict* on its version, as tags and as the description; nothing of an earlier one stays."""
    client = mlflow.MlflowClient(tracking_uri)
    tags = client.get_model_version(MODEL_NAME, verdict.version).tags
    for name, value in verdict.tags.items():
        if value is not None and tags.get(name) != value:
            client.set_model_version_tag(MODEL_NAME, verdict.version, name, value)
        elif value is None and name in tags:
            client.delete_model_version_tag(MODEL_NAME, verdict.version, name)
    client.update_model_version(MODEL_NAME, verdict.version, f"{verdict.sentence} (decided {verdict.at})")


def _version(found: ModelVersion) -> Version:
    return Version(str(found.version), str(found.run_id), dict(found.tags))


def graph(tracking_uri: str, found: Version) -> bytes:
    """Return the ONNX file of a version; raise `ChangedModelError` when it is not the one that was registered."""
    mlflow.set_tracking_uri(tracking_uri)
    with TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(f"models:/{MODEL_NAME}/{found.version}/model.onnx", dst_path=folder)
        content = Path(path).read_bytes()
    registered, stored = found.tags.get(CHECKSUM), sha256(content).hexdigest()
    if registered is None:
        log.warning("version %s has no tag %s: its model file is taken as it is", found.version, CHECKSUM)
    elif stored != registered:
        raise ChangedModelError(
            f"version {found.version} of {MODEL_NAME} was registered with a model.onnx of SHA-256 {registered}, and "
            f"MLflow's store now has one of {stored}: it was changed or damaged, and is not used. Train again "
            f"({command('train --force')}), or go back ({command('promote --rollback')})"
        )
    return content


def move(tracking_uri: str, alias: str, number: str | None) -> None:
    """Put *alias* on version *number*; None takes the alias away."""
    client = mlflow.MlflowClient(tracking_uri)
    if number is None:
        client.delete_registered_model_alias(MODEL_NAME, alias)
    else:
        client.set_registered_model_alias(MODEL_NAME, alias, number)

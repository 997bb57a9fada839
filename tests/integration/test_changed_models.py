"""A model file that was changed in MLflow's store is used by nobody; what its version was registered with is told."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from flows.ingest import ingest
from flows.promote import promote
from flows.score import score
from flows.train import train
from flows.trips import registry
from flows.trips.graph import MODEL_NAME
from flows.trips.registry import ChangedModelError
from tests.integration.conftest import Yard
from tests.integration.months import cut

Change = Callable[[str], None]


@pytest.fixture(name="trained")
def _trained(yard: Yard, tmp_path: Path) -> Yard:
    """A yard with a candidate, version 1."""
    for month in ("2023-01", "2023-02"):
        ingest(month, source=str(cut(tmp_path / "months")))
    train("2023-01", rounds=3, baseline=False)
    return yard


@pytest.fixture(name="change")
def _change(trained: Yard, tmp_path: Path) -> Change:
    """Put other bytes, still a model, into MLflow's store in the place of a version's model.onnx."""

    def change(number: str) -> None:
        client = mlflow.MlflowClient(trained.tracking_uri)
        version = client.get_model_version(MODEL_NAME, number)
        other = tmp_path / "model.onnx"
        # an empty string field, number 4 of ONNX's message, at the end: what it held is the same model
        other.write_bytes(registry.graph(trained.tracking_uri, registry._version(version)) + b"\x22\x00")
        place = client.get_logged_model(version.source.removeprefix("models:/")).artifact_location
        get_artifact_repository(place, tracking_uri=trained.tracking_uri).log_artifact(str(other))

    return change


def test_a_version_carries_the_checksum_of_the_model_file_that_mlflow_stores(trained: Yard, tmp_path: Path) -> None:
    mlflow.set_tracking_uri(trained.tracking_uri)
    stored = mlflow.artifacts.download_artifacts(f"models:/{MODEL_NAME}/1/model.onnx", dst_path=str(tmp_path))
    candidate = registry.required(trained.tracking_uri, registry.CANDIDATE)

    assert candidate.tags["model_sha256"] == hashlib.sha256(Path(stored).read_bytes()).hexdigest()


def test_a_changed_model_is_not_scored_with(trained: Yard, change: Change) -> None:
    promote()
    change("1")

    with pytest.raises(ChangedModelError, match="version 1 of trip-duration was registered with a model.onnx of SHA"):
        score("2023-02")


def test_a_changed_candidate_is_not_promoted(trained: Yard, change: Change) -> None:
    change("1")

    with pytest.raises(ChangedModelError, match="Train again"):
        promote()
    assert registry.version(trained.tracking_uri, registry.CHAMPION) is None


def test_a_candidate_that_was_changed_after_it_was_judged_is_not_promoted(trained: Yard, change: Change) -> None:
    promote()
    train("2023-01", rounds=60, baseline=False)
    promote(margin=0.99)  # judged, and not better by so much
    change("2")

    with pytest.raises(ChangedModelError, match="version 2"):
        promote()
    assert registry.required(trained.tracking_uri, registry.CHAMPION).version == "1"


def test_a_changed_previous_champion_is_not_put_back(trained: Yard, change: Change) -> None:
    promote()
    train("2023-01", rounds=60, baseline=False)
    promote()
    change("1")

    with pytest.raises(ChangedModelError, match="version 1"):
        promote(rollback=True)
    assert registry.required(trained.tracking_uri, registry.CHAMPION).version == "2"


def test_a_version_without_the_tag_is_used_and_told(trained: Yard, caplog: pytest.LogCaptureFixture) -> None:
    promote()
    mlflow.MlflowClient(trained.tracking_uri).delete_model_version_tag(MODEL_NAME, "1", registry.CHECKSUM)
    with caplog.at_level(logging.WARNING, "trainyard"):
        assert score("2023-02")["rows"] == 3000

    assert "version 1 has no tag model_sha256: its model file is taken as it is" in caplog.text

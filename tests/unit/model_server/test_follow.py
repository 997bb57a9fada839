"""The follower against a registry that is played: what it takes, refuses, keeps and lets go."""

import pytest
from mlflow.exceptions import MlflowException

from services.model_server.follow import Follower
from tests.unit.model_server.builders import FIELDS, graph
from tests.unit.model_server.played_registry import look, served


def test_a_new_version_is_fetched_checked_and_pointed_at(settings, registry):
    seen = look(Follower(settings, "champion"), registry, "1")

    assert (seen.alias_version, seen.registry, seen.refused) == ("1", "ok", [])
    # of a series MLflow gives the last step, which is no figure
    assert (served(settings).metrics, served(settings).experiment_id) == ({"rmse": 4.2}, "7")
    assert (settings.model_dir / served(settings).file).exists()


def test_a_version_that_breaks_clients_is_refused_once_and_remembered(settings, registry):
    follower = Follower(settings, "champion")
    look(follower, registry, "1")
    registry.model = graph(fields=FIELDS[:-1])

    seen = [look(follower, registry, "2") for _ in range(2)]

    assert [refusal.version for refusal in seen[1].refused] == ["2"]
    assert served(settings).version == "1"


@pytest.mark.parametrize("error", [MlflowException("down"), OSError("disk")])
def test_a_registry_that_fails_is_told_and_changes_nothing(settings, registry, error):
    follower = Follower(settings, "champion")
    look(follower, registry, "1")
    registry.error = error

    assert look(follower, registry, "2").registry != "ok"
    assert served(settings).version == "1"


def test_without_its_alias_a_champion_serves_on_and_a_candidate_goes(settings, registry):
    for alias in ("champion", "candidate"):
        follower = Follower(settings, alias)
        look(follower, registry, "1")
        look(follower, registry, None)

    assert served(settings).version == "1"
    assert served(settings, "candidate") is None


def test_old_versions_are_deleted_but_never_the_champion(settings, registry):
    look(Follower(settings, "champion"), registry, "1")
    candidate = Follower(settings, "candidate")
    for version in "23456":
        look(candidate, registry, version)

    kept = {path.name for path in (settings.model_dir / "versions").iterdir()}
    assert served(settings).file.split("/")[1] in kept
    assert len(kept) <= 4


def test_a_model_of_another_registry_is_forgotten(settings, registry):
    look(Follower(settings, "champion"), registry, "1")
    other = type(settings)(mlflow_tracking_uri="http://other", model_dir=settings.model_dir)

    assert Follower(other, "champion").current is None
    assert served(settings) is None

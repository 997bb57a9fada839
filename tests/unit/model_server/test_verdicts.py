"""Versions behind the aliases, with the verdict of promotion on each: read by the follower, shown at / and /model."""

import pytest
from mlflow.exceptions import MlflowException

from services.model_server import releases, verdicts
from services.model_server.follow import Follower
from services.model_server.releases import AliasVersion, Following
from tests.unit.model_server.played_registry import look

REFUSED = {
    "verdict": "not promoted",
    "verdict_why": "RMSE 4.300 is not below 4.220 by the margin",
    "verdict_at": "2026-11-27T10:00:12+00:00",
    "verdict_month": "2023-02",
    "verdict_rmse": "4.3",
    "verdict_champion_rmse": "4.22",
    "verdict_champion": "2",
}
SENTENCE = "version 3, not promoted: RMSE 4.300 is not below 4.220 by the margin, 2026-11-27 10:00 UTC"


@pytest.fixture(name="follower")
def _follower(settings, registry):
    registry.aliases = {"champion": "2", "candidate": "3", "previous": "1", "other": "9"}
    registry.judged = {"3": REFUSED, "1": {}}
    return Follower(settings, "champion")


def test_the_follower_writes_each_alias_with_its_verdict(follower, registry):
    seen = look(follower, registry, "2").versions

    assert [(v.alias, v.version, v.verdict) for v in seen] == [
        ("champion", "2", ""),
        ("candidate", "3", "not promoted"),
        ("previous", "1", ""),
    ]
    assert seen[1] == verdicts.judged("candidate", "3", REFUSED)


def test_a_look_asks_once_for_each_version_but_the_one_that_it_has(follower, registry):
    registry.aliases = {"champion": "2", "candidate": "2", "previous": "1"}
    look(follower, registry, "2")

    assert registry.asked == ["1"]


def test_a_verdict_that_comes_later_is_seen_although_no_alias_moved(follower, registry):
    look(follower, registry, "2")
    registry.judged["1"] = {"verdict": "rolled back to"}

    assert look(follower, registry, "2").versions[2].verdict == "rolled back to"


def test_a_registry_that_fails_at_verdicts_keeps_the_last_ones(follower, registry, settings, monkeypatch):
    before = look(follower, registry, "2").versions

    def fail(name):
        raise MlflowException("down")

    monkeypatch.setattr(registry, "get_registered_model", fail)
    seen = look(follower, registry, "2")
    assert (seen.registry, seen.versions) == ("ok", before)
    assert look(Follower(settings, "champion"), registry, "2").versions == before  # after a restart too


def test_a_status_file_of_an_older_server_can_be_read(settings):
    path = releases.status(settings.model_dir, "champion")
    releases.write(path, {"checked_at": "x", "registry": "ok", "alias_version": "1"})

    assert releases.read(path, Following).versions == []


def test_a_verdict_is_one_sentence_with_its_reason_and_time():
    assert verdicts.sentence(verdicts.judged("candidate", "3", REFUSED), "minutes") == SENTENCE


def test_figures_stand_where_nobody_said_why():
    judged = verdicts.judged("candidate", "3", REFUSED | {"verdict_why": ""})

    assert verdicts.reason(judged, "minutes") == "RMSE 4.300 minutes on 2023-02 against 4.220 of version 2"


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({}, "version 3, no verdict yet"),
        ({"verdict": "promoted", "verdict_rmse": "4.3"}, "version 3, promoted: RMSE 4.300"),
        ({"verdict": "promoted", "verdict_rmse": "?", "verdict_at": "today"}, "version 3, promoted, today"),
    ],
)
def test_a_verdict_without_some_of_its_parts_is_told_without_them(tags, words):
    assert verdicts.sentence(verdicts.judged("candidate", "3", tags), None) == words


def status(settings, *versions: AliasVersion) -> None:
    seen = Following(checked_at="x", registry="ok", alias_version="1", versions=list(versions))
    releases.write(releases.status(settings.model_dir, "champion"), seen)


def test_the_model_route_has_the_versions_by_alias(client, settings):
    status(settings, verdicts.judged("candidate", "3", REFUSED))

    answer = client.get("/model").json
    told = answer["aliases"]["candidate"]
    assert "versions" not in answer["following"]
    assert (told["sentence"], told["why"]) == (SENTENCE, REFUSED["verdict_why"])


def test_the_home_page_shows_the_verdicts_also_before_anything_is_served(client, empty, settings):
    status(settings, verdicts.judged("candidate", "3", REFUSED))

    for page in (client.get("/").text, empty.get("/").text):
        assert "<strong>candidate</strong>: version 3, not promoted" in page
        assert REFUSED["verdict_why"] in page
        assert "2026-11-27 10:00 UTC" in page

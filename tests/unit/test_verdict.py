"""Claims about a verdict: it survives being kept as tags, and says which version is champion now."""

from dataclasses import replace

import pytest

from flows.trips.judging import Decision
from flows.trips.verdict import Verdict

WORSE = Verdict("8", "not promoted", "it is worse", "2026-11-27T10:00:00+00:00", "2023-02", 4.3, "7", 4.2)
FIRST = Verdict("1", "promoted", "there was no champion yet", "2026-11-27T10:00:00+00:00", "2023-02", 4.2)


@pytest.mark.parametrize("verdict", [WORSE, FIRST])
def test_a_verdict_survives_the_tags_of_its_version(verdict):
    tags = {name: value for name, value in verdict.tags.items() if value is not None}

    assert Verdict.read(verdict.version, tags | {"train": "2023-01"}) == verdict


def test_a_version_without_the_tag_has_no_verdict():
    assert Verdict.read("8", {"train": "2023-01"}) is None


def test_the_tags_of_an_earlier_verdict_are_named_to_be_taken_away():
    assert FIRST.tags["verdict_champion_rmse"] is None


@pytest.mark.parametrize(
    ("verdict", "sentence", "champion"),
    [
        (WORSE, "version 8 is not promoted, version 7 stays champion: it is worse", "7"),
        (FIRST, "version 1 is champion: there was no champion yet", "1"),
        (replace(WORSE, champion=None), "version 8 is not promoted, there is no champion yet: it is worse", None),
        (Verdict.now("7", "rolled back to", Decision(True, "why"), "8"), "version 7 is champion: why", "7"),
    ],
)
def test_the_sentence_and_the_result_name_the_champion_of_now(verdict, sentence, champion):
    assert verdict.sentence == sentence
    assert (verdict.result["version"], verdict.result["judged"]) == (champion, verdict.version)


def test_a_champion_that_no_flow_promoted_was_made_by_hand():
    refused = {name: value for name, value in WORSE.tags.items() if value is not None}

    assert Verdict.of_champion("8", refused).why == "somebody moved the alias in MLflow"
    assert Verdict.of_champion("8", refused | {"verdict": "promoted"}).why == "it is worse"

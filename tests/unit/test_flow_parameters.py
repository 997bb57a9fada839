"""Claims about the forms: every parameter of every flow is described, in the schema that Prefect registers."""

import pytest

from flows.ingest import ingest
from flows.patience import patience
from flows.pipeline import pipeline
from flows.promote import promote
from flows.score import score
from flows.train import train


@pytest.mark.parametrize("flow", [ingest, train, promote, score, pipeline, patience], ids=lambda flow: flow.name)
def test_every_parameter_is_described(flow):
    undescribed = [name for name, field in flow.parameters.properties.items() if not field.get("description")]

    assert undescribed == []


def test_bounds_and_patterns_are_in_the_schema():
    assert (
        train.parameters.properties["rounds"] | {"maximum": 5000, "minimum": 1}
        == (train.parameters.properties["rounds"])
    )
    assert promote.parameters.properties["margin"]["exclusiveMaximum"] == 1
    assert ingest.parameters.properties["month"]["examples"] == ["2023-01"]

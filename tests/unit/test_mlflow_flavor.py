"""Claims about what the registry tells a caller of the model, without a server."""

from mlflow.models import ModelSignature
from mlflow.models.utils import _enforce_schema

from flows.trips.graph import FIELDS
from flows.trips.mlflow_flavor import example, signature


def test_the_signature_has_every_field_and_requires_what_the_model_requires():
    columns = [(column.name, column.required) for column in signature().inputs]
    assert columns == [(field.name, field.required) for field in FIELDS]


def test_the_signature_survives_its_own_json():
    assert ModelSignature.from_dict(signature().to_dict()) == signature()


def test_the_example_fits_the_signature():
    assert _enforce_schema(example(), signature().inputs).shape == (2, len(FIELDS))


def test_the_example_holds_the_fields_own_examples():
    full, least = example()
    assert full == {field.name: field.example for field in FIELDS}
    assert least.keys() == {field.name for field in FIELDS if field.required}

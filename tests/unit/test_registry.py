"""Claims about what the registry tells a caller of the model, without a server."""

from datetime import UTC, datetime

import numpy as np
from mlflow.models import ModelSignature
from mlflow.models.utils import _enforce_schema

from flows.trips.graph import FIELDS
from flows.trips.registry import example, signature


def test_the_signature_names_every_field_as_double_or_long():
    kinds = {"int64": "long", "float32": "double"}
    columns = [(column.name, column.type.name) for column in signature().inputs]
    assert columns == [(field.name, kinds[field.dtype]) for field in FIELDS]


def test_the_signature_survives_its_own_json():
    assert ModelSignature.from_dict(signature().to_dict()) == signature()


def test_the_example_fits_the_signature():
    assert _enforce_schema(example(), signature().inputs).shape == (1, len(FIELDS))


def test_the_example_holds_the_fields_own_examples():
    row = example().iloc[0]
    assert row["pickup"] == datetime(2023, 2, 14, 8, 30, tzinfo=UTC).timestamp()
    assert all(np.isclose(row[field.name], field.example) for field in FIELDS if field.format != "date-time")

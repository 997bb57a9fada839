"""Tiny ONNX models of the trip's signature, and what the server needs around them."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from services.model_server import releases
from services.model_server.releases import Release

RATES = {"1": "Standard rate", "2": "JFK"}
IGNORED = ["fare_amount", "lpep_dropoff_datetime"]
OPTIONAL = {"required": False, "nullable": True}
FIELDS = [
    {"name": "PULocationID", "dtype": "int64", "minimum": 0, "maximum": 265, "example": 130},
    {"name": "DOLocationID", "dtype": "int64", "minimum": 0, "maximum": 265, "example": 205},
    {
        "name": "pickup",
        "dtype": "int64",
        "description": "when the trip starts",
        "minimum": 1230768000,  # 2009-01-01
        "maximum": 4102444799,  # 2099-12-31T23:59:59
        "example": "2023-01-15T18:30:00",
        "required": False,
        "format": "date-time",
        "time_zone": "America/New_York",
        "when_missing": "now",
        "aliases": ["lpep_pickup_datetime"],
    },
    {
        "name": "trip_distance",
        "dtype": "float32",
        "unit": "miles",
        "minimum": 0,
        "maximum": 200,
        "example": 3.66,
    },
    {"name": "RatecodeID", "dtype": "float32", "minimum": 1, "maximum": 99, "example": 1, **OPTIONAL, "choices": RATES},
    {"name": "trip_type", "dtype": "float32", "minimum": 1, "maximum": 2, "example": 1, **OPTIONAL},
    {"name": "VendorID", "dtype": "float32", "minimum": 1, "maximum": 99, "example": 2, **OPTIONAL},
    {"name": "passenger_count", "dtype": "float32", "minimum": 0, "maximum": 9, "example": 1, **OPTIONAL},
]
OUTPUT = {"name": "minutes", "description": "time", "unit": "minutes", "minimum": 1.0, "maximum": 60.0}
TRIP = {"PULocationID": 130, "DOLocationID": 205, "pickup": "2026-11-21T07:34:00", "trip_distance": 3.66}
TYPES = {"int64": TensorProto.INT64, "float32": TensorProto.FLOAT}


def graph(pace: float = 3.0, *, fields: list[dict] = FIELDS, described: bool = True) -> onnx.ModelProto:
    """minutes = 1 + pace * trip_distance, whatever else comes in."""
    inputs = [helper.make_tensor_value_info(f["name"], TYPES[f["dtype"]], ["N"]) for f in fields]
    output = helper.make_tensor_value_info("minutes", TensorProto.FLOAT, ["N"])
    weights = [
        numpy_helper.from_array(np.float32(pace), "pace"),
        numpy_helper.from_array(np.float32(1), "start"),
    ]
    nodes = [
        helper.make_node("Mul", ["trip_distance", "pace"], ["driven"]),
        helper.make_node("Add", ["driven", "start"], ["minutes"]),
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "trip", inputs, [output], weights),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    if described:
        metadata = {"fields": json.dumps(fields), "output": json.dumps(OUTPUT), "name": "trip-duration"}
        metadata["ignored_columns"] = json.dumps(IGNORED)
        helper.set_model_props(model, metadata | {"training": json.dumps({"months": ["2023-01"]})})
    return model


def release(folder: Path, version: str = "1", model: onnx.ModelProto | None = None) -> Release:
    """A model version on disk that no alias points at yet."""
    file = folder / "versions" / version / "model.onnx"
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model or graph(), file)
    return Release(
        name="trip-duration", version=version, file=str(file.relative_to(folder)), registry="http://registry"
    )


def serve(folder: Path, version: str = "1", model: onnx.ModelProto | None = None) -> Release:
    """The same, with the champion's pointer moved to it."""
    made = release(folder, version, model)
    releases.write(releases.pointer(folder, "champion"), made)
    return made

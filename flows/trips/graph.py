"""The model as one ONNX graph: raw trip columns in, minutes out.

The source of `features.py` is traced, the trees are spliced in behind it, and what a caller must know of each field
(meaning, unit, bounds, example, whether it may be missing) travels in the file's metadata. Readers of the file, the
model server and the scorer, need no code of ours to use it.

Metadata keys: `name`; `fields`, a JSON list in input order; `output`, a JSON object; `ignored_columns`, a JSON list of
names that callers may send beside the fields and that are left out; `training`, a JSON object.
"""

import json
import os
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

import ndonnx as ndx
import numpy as np
import onnx
import onnxmltools
import onnxruntime
import pyarrow as pa
import spox.opset.ai.onnx.v17 as op
from onnxmltools.convert.common.data_types import FloatTensorType
from spox import inline

from flows.trips import zones
from flows.trips.cleaning import INPUT_SCHEMA, LONGEST_MINUTES, SHORTEST_MINUTES, arrays
from flows.trips.features import FARTHEST_MILES, NAMES, ZONES, features, keys, plain
from flows.trips.schema import TRIP_SCHEMA
from flows.trips.training import Trained

MODEL_NAME = "trip-duration"


@dataclass(frozen=True)
class Field:
    """What a caller must know of one input; bounds are inclusive.

    *choices* names values by their number as text; it helps people and is no bound. *aliases* are other names under
    which a caller may send the field.
    """

    name: str
    dtype: str
    description: str
    unit: str | None
    minimum: float
    maximum: float
    example: float | str
    required: bool = False
    nullable: bool = False
    format: str | None = None
    time_zone: str | None = None
    when_missing: str | None = None
    choices: dict[str, str] | None = None
    aliases: tuple[str, ...] = ()


# Codes and names: the data dictionary of green-taxi trip records, NYC Taxi and Limousine Commission.
_RATES = {
    "1": "Standard rate",
    "2": "JFK",
    "3": "Newark",
    "4": "Nassau or Westchester",
    "5": "Negotiated fare",
    "6": "Group ride",
    "99": "Unknown",
}
_TRIP_TYPES = {"1": "Street hail", "2": "Dispatch"}
_VENDORS = {"1": "Creative Mobile Technologies", "2": "Curb Mobility (formerly VeriFone)", "6": "Myle Technologies"}
_ZONES = zones.names()
_ZONE = "taxi zone where the trip {} (0 is unknown)"
FIELDS = (
    Field("PULocationID", "int64", _ZONE.format("begins"), None, 0, ZONES - 1, 74, required=True, choices=_ZONES),
    Field("DOLocationID", "int64", _ZONE.format("ends"), None, 0, ZONES - 1, 166, required=True, choices=_ZONES),
    Field(
        "pickup", "int64", "local time at pickup", "seconds since 1970", 946_684_800, 4_102_444_799,  # 2000 to 2099
        "2023-02-14T08:30:00", format="date-time", time_zone="America/New_York", when_missing="now",
        aliases=("lpep_pickup_datetime",),
    ),
    Field("trip_distance", "float32", "length of the trip", "miles", 0, FARTHEST_MILES, 2.6, required=True),
    Field("RatecodeID", "float32", "rate of the fare", None, 1, 99, 1, nullable=True, choices=_RATES),
    Field("trip_type", "float32", "how the trip began", None, 1, 2, 1, nullable=True, choices=_TRIP_TYPES),
    Field("VendorID", "float32", "provider of the record", None, 1, 99, 2, nullable=True, choices=_VENDORS),
    Field("passenger_count", "float32", "passengers, as the driver entered them", "persons", 0, 9, 1, nullable=True),
)  # fmt: skip
# Published, but unknown at pickup or without use to the model: rows cut out of a month may keep these columns.
_TAKEN = {name for field in FIELDS for name in (field.name, *field.aliases)}
IGNORED_COLUMNS = [name for name in TRIP_SCHEMA.names if name not in _TAKEN]
OUTPUT = {
    "name": "minutes",
    "description": "time from pickup to drop-off",
    "unit": "minutes",
    "minimum": SHORTEST_MINUTES,
    "maximum": LONGEST_MINUTES,
}


def _matmul(left: Any, right: Any) -> Any:
    return ndx.asarray(op.matmul(left.unwrap_spox(), right.unwrap_spox()))


# ndonnx, but a product of matrices is one node: its own asks first whether they are empty, in twelve
TRACED = SimpleNamespace(**vars(ndx) | {"matmul": _matmul})


def build(trained: Trained, training: dict[str, Any]) -> bytes:
    """Return the ONNX file of *trained*; *training* says in its metadata what it was trained on (no secrets)."""
    types = {"int64": ndx.int64, "float32": ndx.float32}
    trips = {field.name: ndx.argument(shape=("n",), dtype=types[field.dtype]) for field in FIELDS}
    columns = plain(TRACED, trips)
    inputs = features(TRACED, columns, keys(TRACED, columns), ndx.asarray(trained.table))
    trees = onnxmltools.convert_xgboost(
        trained.booster, initial_types=[("features", FloatTensorType([None, len(NAMES)]))], target_opset=15
    )
    (scores,) = inline(trees)(features=inputs.unwrap_spox()).values()
    bounds = [op.const(np.float32(bound)) for bound in (SHORTEST_MINUTES, LONGEST_MINUTES)]
    minutes = op.clip(op.reshape(scores, op.const([-1])), *bounds)  # one node; ndonnx makes two of it
    model = ndx.build(trips, {"minutes": ndx.asarray(minutes)})
    model.doc_string = "How long a New York green-taxi trip takes, from what is known at pickup plus the distance."
    metadata = {
        "name": MODEL_NAME,
        "fields": [asdict(field) for field in FIELDS],
        "output": OUTPUT,
        "ignored_columns": IGNORED_COLUMNS,
        "training": training,
    }
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    onnx.helper.set_model_props(model, texts)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class Predictor:
    """Runs a graph over batches of model rows.

    One thread, as in the model server: two would add the trees' values in another order, and the last digits with it.
    """

    def __init__(self, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        # a model is its own bytes: no tensor comes from another file, as ONNX allows and no checksum covers
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def minutes(self, rows: pa.RecordBatch) -> np.ndarray:
        """Return the prediction of each row, float32 (n,), in 1..60 minutes."""
        if rows.num_rows == 0:
            return np.empty(0, np.float32)
        columns = arrays(rows)
        (minutes,) = self._session.run(None, {field.name: columns[field.name] for field in INPUT_SCHEMA})
        return np.asarray(minutes)

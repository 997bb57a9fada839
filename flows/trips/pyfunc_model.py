"""Predict with a logged model through MLflow's own means: `mlflow.pyfunc.load_model`, `mlflow models serve`.

MLflow keeps this file with each version and runs that copy ("models from code"), so it imports nothing of ours and
reads the fields from the metadata of the ONNX file beside it. It accepts the rows that the model server's /predict
accepts: date-times as ISO 8601 text, optional fields missing or None, whole numbers for any number.
"""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import onnxruntime
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

# What a field is when the metadata do not say, as in the model server
UNSAID = {"required": True, "nullable": False, "format": None, "time_zone": None, "when_missing": None,
          "minimum": None, "maximum": None}  # fmt: skip
SHORTEST_MOMENT = len("2026-11-21T07:34")  # a date alone is not a moment


class OnnxFields(PythonModel):
    """An ONNX graph with one input per field, and what its metadata say of each field."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open the ONNX file of this version."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # as the model server: the order of a sum decides its last digits
        self._session = onnxruntime.InferenceSession(
            context.artifacts["onnx"], options, providers=["CPUExecutionProvider"]
        )
        described = json.loads(self._session.get_modelmeta().custom_metadata_map["fields"])
        self._fields = [UNSAID | field for field in described]

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return one column, named as the graph's output; raise `ValueError` that names the field."""
        (output,) = self._session.get_outputs()
        columns = {field["name"]: _column(field, model_input) for field in self._fields}
        (predicted,) = self._session.run(None, columns)
        return pd.DataFrame({output.name: predicted}, index=model_input.index)


def _column(field: dict[str, Any], rows: pd.DataFrame) -> np.ndarray:
    """Return the values of *field* in the graph's type; raise `ValueError` where /predict would refuse them."""
    name = field["name"]
    values = rows[name].astype(object) if name in rows else pd.Series(None, index=rows.index, dtype=object)
    absent = values.isna()
    if absent.any() and field["required"] and not (field["nullable"] or field["when_missing"]):
        raise ValueError(f"{name} is required, and missing in {absent.sum()} of {len(rows)} rows")
    now = datetime.now(ZoneInfo(field["time_zone"] or "UTC")) if field["when_missing"] == "now" else np.nan
    values = values.where(~absent, now)
    try:
        numbers = values.map(lambda value: _number(value, field)).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} has a value of another kind: {error}") from error
    low = -np.inf if field["minimum"] is None else field["minimum"]
    high = np.inf if field["maximum"] is None else field["maximum"]
    if (outside := (numbers < low) | (numbers > high)).any():
        raise ValueError(f"{name} must be from {low} to {high}, not {numbers[outside].iloc[0]:g}")
    return numbers.to_numpy().astype(field["dtype"])


def _number(value: Any, field: dict[str, Any]) -> Any:
    """Return a date-time as seconds of local wall time since 1970, anything else unchanged."""
    if field["format"] != "date-time" or not isinstance(value, str | datetime):
        return value
    if isinstance(value, str) and len(value) < SHORTEST_MOMENT:
        raise ValueError(f"{value!r} is not an ISO 8601 date-time")
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo is not None:
        moment = moment.astimezone(ZoneInfo(field["time_zone"] or "UTC"))
    return int(moment.replace(tzinfo=UTC, microsecond=0).timestamp())


set_model(OnnxFields())

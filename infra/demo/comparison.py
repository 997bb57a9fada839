"""The batch score of a whole month against the model server's answers to the same rows.

The two run the same graph, one in a flow over Parquet, one behind JSON; this shows that nothing on either way
changes a figure. Rows beyond the bounds that the model declares are not sent, since the server refuses them; counted.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from infra.demo.served import Fields, Server

CHUNK = 10_000  # rows per request: what the model server takes unless MODEL_SERVER_MAX_ROWS says otherwise


@dataclass(frozen=True)
class Comparison:
    """*rows* were asked over HTTP, *outside* were not; the difference is in the model's unit, minutes."""

    rows: int
    outside: int
    max_abs_difference: float


def compare(scores: Path, server: Server) -> Comparison:
    """Compare every row of the Parquet file *scores* (the model's inputs and its output) with the server."""
    fields, output = server.fields(), server.output()
    rows = outside = 0
    worst = 0.0
    with pq.ParquetFile(scores) as file:
        for batch in file.iter_batches(CHUNK):
            askable = batch.filter(within(fields, batch))
            outside += batch.num_rows - askable.num_rows
            if askable.num_rows:
                answers = np.asarray(server.predict(rows_of(fields, askable))[output], np.float64)
                batched = askable[output].to_numpy(zero_copy_only=False).astype(np.float64)
                difference = np.abs(answers - batched).max()
                worst = float("inf") if np.isnan(difference) else max(worst, float(difference))
                rows += askable.num_rows
    return Comparison(rows, outside, worst)


def within(fields: Fields, batch: pa.RecordBatch) -> pa.Array:
    """Return per row whether the server takes it: each value within its field's bounds, or missing where it may be.

    A missing pickup is not taken: the server would put the present time in its place.
    """
    mask = pa.array(np.ones(batch.num_rows, bool))
    for field in fields:
        values, inside = _with_nulls(batch[field["name"]]), pa.array(np.ones(batch.num_rows, bool))
        if field.get("minimum") is not None:
            inside = pc.and_(inside, pc.greater_equal(values, pa.scalar(field["minimum"], values.type)))
        if field.get("maximum") is not None:
            inside = pc.and_(inside, pc.less_equal(values, pa.scalar(field["maximum"], values.type)))
        missing = pc.is_null(values)
        mask = pc.and_(mask, pc.if_else(missing, bool(field.get("nullable")), inside))
    return mask


def rows_of(fields: Fields, batch: pa.RecordBatch) -> list[dict[str, object]]:
    """Return *batch* as the JSON objects of a request, one per row; a missing number is null."""
    names = [field["name"] for field in fields]
    columns = [_with_nulls(batch[name]) for name in names]
    return list(pa.RecordBatch.from_arrays(columns, names=names).to_pylist())


def _with_nulls(values: pa.Array) -> pa.Array:
    if not pa.types.is_floating(values.type):
        return values
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)

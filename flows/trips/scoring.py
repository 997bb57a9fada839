"""Predictions of a whole month, streamed from the lake and back into it.

A row of the result is a trip: the model's inputs, the predicted minutes and the version that predicted them.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from flows.trips.cleaning import INPUT_SCHEMA
from flows.trips.graph import Predictor

SCORE_SCHEMA = INPUT_SCHEMA.append(pa.field("minutes", pa.float32())).append(pa.field("model_version", pa.string()))


def scored(predictor: Predictor, version: str, rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches of `SCORE_SCHEMA`: every row of *rows*, in the same order."""
    for batch in rows:
        inputs = [batch[field.name] for field in INPUT_SCHEMA]
        minutes = pa.array(predictor.minutes(batch), pa.float32())
        versions = pa.repeat(pa.scalar(version, pa.string()), batch.num_rows)
        yield pa.RecordBatch.from_arrays([*inputs, minutes, versions], schema=SCORE_SCHEMA)

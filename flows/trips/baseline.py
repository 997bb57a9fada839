"""The source systems' method, written again as the yardstick for ours: one-hot zone pairs, distance, trees.

Knows how those systems make features and fit. Does not know our features or graph. It works in memory by
nature: one dictionary per row makes a sparse matrix of every zone pair seen, so its size grows with the rows;
and early stopping looks at the very month that it is judged on. Both are kept, to compare like with like.
Source: orchestration lesson of the MLOps course (Prefect 2 edition). It states an RMSE of 5.20 minutes; this
file reaches 5.19 from 2023-01 to 2023-02 (65 946 rows to learn from, 62 574 to be judged on).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter

import pyarrow as pa
import xgboost
from sklearn.feature_extraction import DictVectorizer

from flows.trips.cleaning import ROW_SCHEMA, arrays, judged
from flows.trips.evaluation import Errors, Floats

ROUNDS, PATIENCE = 100, 20  # trees at most; trees without improvement before it stops
PARAMETERS = {
    "learning_rate": 0.09585355369315604,
    "max_depth": 30,
    "min_child_weight": 1.060597050922164,
    "objective": "reg:squarederror",  # there by its old name, reg:linear
    "reg_alpha": 0.018060244040060163,
    "reg_lambda": 0.011658731377413597,
    "seed": 42,
}


@dataclass(frozen=True)
class Baseline:
    """What the method reaches on *validation_rows*, in minutes, after *seconds* of learning from *rows*."""

    rows: int
    validation_rows: int
    rmse: float
    mae: float
    seconds: float


def fit_and_judge(train: Iterable[pa.RecordBatch], validate: Iterable[pa.RecordBatch]) -> Baseline:
    """Fit on the trips of 1 to 60 minutes of *train*, judge on those of *validate* (both `ROW_SCHEMA`).

    The clock runs over features and fit only, not over reading. All trees predict, not those up to the best
    round: so does `Booster.predict` in the source systems. Raises `ValueError` when either has no such trip.
    """
    taught, held_out = _judged(train), _judged(validate)
    started = perf_counter()
    vectorizer = DictVectorizer()
    teaching = xgboost.DMatrix(vectorizer.fit_transform(_records(taught)), label=_minutes(taught))
    judging = xgboost.DMatrix(vectorizer.transform(_records(held_out)), label=_minutes(held_out))
    booster = xgboost.train(
        PARAMETERS,
        teaching,
        num_boost_round=ROUNDS,
        evals=[(judging, "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    seconds = perf_counter() - started
    errors, inputs = Errors(), arrays(held_out)
    predicted = booster.predict(judging)
    errors.add(predicted, _minutes(held_out), pickup=inputs["pickup"], miles=inputs["trip_distance"])
    metrics = errors.metrics()
    return Baseline(taught.num_rows, held_out.num_rows, metrics["rmse"], metrics["mae"], seconds)


def _judged(batches: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
    table = pa.Table.from_batches([judged(batch) for batch in batches], ROW_SCHEMA).combine_chunks()
    if not table.num_rows:
        raise ValueError("the baseline has no trip of 1 to 60 minutes to learn from or to be judged on")
    return table.to_batches()[0]


def _records(rows: pa.RecordBatch) -> Iterator[dict[str, str | float]]:
    inputs = arrays(rows)
    columns = (inputs[name].tolist() for name in ("PULocationID", "DOLocationID", "trip_distance"))
    for pickup_zone, dropoff_zone, miles in zip(*columns, strict=True):
        yield {"PU_DO": f"{pickup_zone}_{dropoff_zone}", "trip_distance": miles}


def _minutes(rows: pa.RecordBatch) -> Floats:
    minutes: Floats = rows["minutes"].to_numpy()
    return minutes

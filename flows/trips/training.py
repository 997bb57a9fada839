"""Fits the trees, streaming: statistics in one pass over the rows, then the quantised matrix, then the rounds.

Rows come as batches that can be read again and again; memory holds the sums, one batch and the quantised matrix
(one byte per feature and row). Knows nothing of where rows come from, nor of the graph that they end in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import xgboost as xgb
from tqdm import tqdm

from flows.trips.cleaning import arrays, teaching
from flows.trips.features import NAMES, TABLE_ROWS, features, keys, plain
from flows.trips.statistics import Statistics, folds

Rows = Callable[[], Iterable[pa.RecordBatch]]

ROUNDS = 300  # fixed: nothing is chosen by looking at the validation month
SEED = 42
PARAMETERS = {
    "objective": "reg:squarederror",
    "tree_method": "hist",
    "max_depth": 8,
    "learning_rate": 0.04,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "min_child_weight": 20,
    "reg_lambda": 10,
    "seed": SEED,
}


@dataclass(frozen=True)
class Trained:
    """Trees and the table that their features are looked up in, with what the fit took."""

    booster: xgb.Booster
    table: np.ndarray
    rows: int
    seconds: float

    def gain(self) -> dict[str, float]:
        """Return the share of the total gain by feature name, greatest first."""
        gains = self.booster.get_score(importance_type="total_gain")
        named = {NAMES[int(name[1:])]: float(str(gain)) for name, gain in gains.items()}
        total = sum(named.values()) or 1.0
        return dict(sorted(((name, gain / total) for name, gain in named.items()), key=lambda item: -item[1]))


class TrainingError(ValueError):
    """There is nothing to learn from."""


def fit(rows: Rows, *, rounds: int = ROUNDS) -> Trained:
    """Fit on the teaching rows of *rows*, a function that starts a pass over batches of `cleaning.ROW_SCHEMA`."""
    started = perf_counter()
    statistics, count = Statistics(), 0
    for trips, minutes in _teaching(rows):
        statistics.add(trips, minutes)
        count += minutes.size
    if not count:
        raise TrainingError("no row to learn from: every row was refused (see the counts of `ingest`)")
    tables = statistics.fold_tables()
    matrix = xgb.QuantileDMatrix(_Matrix(rows, tables))
    with tqdm(desc="train", total=rounds, unit=" rounds", disable=None, leave=False) as bar:
        booster = xgb.train(PARAMETERS, matrix, rounds, callbacks=[_Progress(bar)])
    return Trained(booster, statistics.table(), count, perf_counter() - started)


def _teaching(rows: Rows) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    for batch in rows():
        kept = teaching(batch)
        if kept.num_rows:
            yield arrays(kept), kept["minutes"].to_numpy()


class _Matrix(xgb.DataIter):
    """Feeds XGBoost one batch of features at a time; it makes several passes."""

    def __init__(self, rows: Rows, tables: np.ndarray) -> None:
        self._rows, self._tables = rows, tables
        self._batches = _teaching(rows)
        super().__init__()

    def next(self, input_data: Callable[..., None]) -> bool:
        found = next(self._batches, None)
        if found is None:
            return False
        trips, minutes = found
        columns = plain(np, trips)
        rows = folds(trips)[:, None] * TABLE_ROWS + keys(np, columns)
        input_data(data=features(np, columns, rows, self._tables), label=minutes)
        return True

    def reset(self) -> None:
        self._batches = _teaching(self._rows)


class _Progress(xgb.callback.TrainingCallback):
    """Moves the bar after every round."""

    def __init__(self, bar: "tqdm[Any]") -> None:
        self._bar = bar

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: dict[str, Any]) -> bool:
        self._bar.update()
        return False

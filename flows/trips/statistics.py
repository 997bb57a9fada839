"""Mean minutes, pace and share of trips per key, as sums that can be added over batches, files and machines.

A training row's figures must not contain its own duration: rows fall into five folds by a hash of what identifies
them (so exact duplicates share a fold), and the table of a fold is made from the other four. Serving uses all.
"""

import numpy as np

from flows.trips.features import FIGURES, SIZES, TABLE_ROWS, keys, plain

FOLDS = 5
SMOOTHING = 5.0  # trips of the global mean that each key starts with
_SUMS = 4  # trips, minutes, minutes of trips with miles, miles


class Statistics:
    """Sums per fold and key, float64 of shape (4, 5, 84 224): 13 MB whatever the number of trips."""

    def __init__(self) -> None:
        self.sums = np.zeros((_SUMS, FOLDS, TABLE_ROWS))

    def add(self, trips: dict[str, np.ndarray], minutes: np.ndarray) -> None:
        """Add trips: inputs of shape (n,) each, *minutes* float64 (n,)."""
        rows = folds(trips)[:, None] * TABLE_ROWS + keys(np, plain(np, trips))
        miles = np.nan_to_num(trips["trip_distance"].astype(np.float64))
        with_miles = np.where(miles > 0, minutes, 0.0)
        for sums, values in zip(self.sums, (None, minutes, with_miles, miles), strict=True):
            weights = None if values is None else np.repeat(values, rows.shape[1])
            sums += np.bincount(rows.ravel(), weights, minlength=sums.size).reshape(sums.shape)

    def merge(self, other: "Statistics") -> None:
        """Add the sums of *other*."""
        self.sums += other.sums

    def table(self) -> np.ndarray:
        """Return the figures of all trips, float32 (84 224, 3), for serving."""
        return _figures(self.sums.sum(axis=1))

    def fold_tables(self) -> np.ndarray:
        """Return five tables one under the other, float32 (5 x 84 224, 3): the fold's own trips left out of each."""
        return np.concatenate([_figures(self.sums.sum(axis=1) - self.sums[:, fold]) for fold in range(FOLDS)])


def folds(trips: dict[str, np.ndarray]) -> np.ndarray:
    """Return the fold of each trip, int64 in 0..4, from pickup time and zones only."""
    mixed = trips["pickup"].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: spreads the bits
    mixed ^= (trips["PULocationID"] * 1009 + trips["DOLocationID"]).astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    return ((mixed >> np.uint64(32)) % np.uint64(FOLDS)).astype(np.int64)


def _figures(sums: np.ndarray) -> np.ndarray:
    trips, minutes, minutes_with_miles, miles = sums
    total = sums[:, : SIZES[0]].sum(axis=1)  # every trip has one zone pair
    mean, mean_with_miles, mean_miles = total[1:] / max(total[0], 1.0)
    table = np.empty((TABLE_ROWS, len(FIGURES)), np.float32)
    table[:, 0] = (minutes + SMOOTHING * mean) / (trips + SMOOTHING)
    table[:, 1] = (minutes_with_miles + SMOOTHING * mean_with_miles) / np.maximum(miles + SMOOTHING * mean_miles, 1e-6)
    table[:, 2] = trips / max(total[0], 1.0)
    return table

"""How wrong predictions are: sums and histograms that are added over batches, files and machines.

Knows minutes, hours of the day and miles. Does not know models, Arrow or which rows deserve judging: that is
the caller's choice, and every row given counts. Memory is constant, about 1 MB, whatever the number of rows.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import CoreSchema, core_schema

MILE_EDGES = (1.0, 2.0, 5.0, 10.0)  # a band holds its lower edge, not its upper
MILE_BANDS = ("under_1", "1_to_2", "2_to_5", "5_to_10", "over_10", "missing")
SHORTEST, LONGEST = 1, 60  # minutes, the range of the two-dimensional histogram
BINS_PER_MINUTE = 1000  # of the error's histogram
ROWS, SQUARES, ABSOLUTES, ERRORS = range(4)  # the columns of sums

Floats = NDArray[np.floating[Any]]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Array:
    """Type and shape of an array of sums; in JSON it is nested lists, exactly, and other lists are refused."""

    dtype: type[np.generic]
    shape: tuple[int, ...]

    def zeros(self) -> NDArray[Any]:
        """Return the array before anything was counted."""
        return np.zeros(self.shape, self.dtype)

    def __get_pydantic_core_schema__(self, *_: object) -> CoreSchema:
        to_lists = core_schema.plain_serializer_function_ser_schema(np.ndarray.tolist)
        return core_schema.no_info_plain_validator_function(self._of, serialization=to_lists)

    def _of(self, lists: object) -> NDArray[Any]:
        array = np.array(lists)
        if array.shape != self.shape or not np.can_cast(array.dtype, self.dtype, "safe"):
            raise ValueError(f"{array.dtype} of shape {array.shape} instead of {np.dtype(self.dtype)} of {self.shape}")
        return array.astype(self.dtype)


BY_HOUR, BY_MILES = Array(np.float64, (24, 4)), Array(np.float64, (len(MILE_BANDS), 4))
HISTOGRAM = Array(np.int64, (2 * LONGEST * BINS_PER_MINUTE,))
MINUTES = Array(np.int64, (LONGEST - SHORTEST, LONGEST - SHORTEST))


@dataclass(eq=False)
class Errors:
    """Errors of predicted minutes so far: predicted minus actual, so positive means predicted too long.

    `by_hour` (24, 4) and `by_miles` (6, 4) float64: rows, sum of squared, of absolute and of plain errors, by
    local hour of pickup and by band of `MILE_BANDS`.
    `histogram` (120 000,) int64: rows per 0.001 minutes of error from -60 to 60; beyond is in the end bins.
    `minutes` (59, 59) int64: rows per minute of actual (axis 0) and predicted time, 1 to 60, ends likewise.
    """

    by_hour: Annotated[Floats, BY_HOUR] = field(default_factory=BY_HOUR.zeros)
    by_miles: Annotated[Floats, BY_MILES] = field(default_factory=BY_MILES.zeros)
    histogram: Annotated[Counts, HISTOGRAM] = field(default_factory=HISTOGRAM.zeros)
    minutes: Annotated[Counts, MINUTES] = field(default_factory=MINUTES.zeros)

    def add(self, predicted: Floats, actual: Floats, *, pickup: Counts, miles: Floats) -> None:
        """Count one batch; all arrays have shape (n,).

        *predicted* and *actual* are minutes, *pickup* is local seconds since 1970, *miles* may be NaN.
        Raises `ValueError`, with nothing counted, when a predicted or actual time is not a finite number.
        """
        error = np.asarray(predicted, np.float64) - actual
        if unusable := np.count_nonzero(~np.isfinite(error)):
            raise ValueError(f"{unusable} of {len(error)} predicted or actual times are not finite minutes")
        band = np.where(np.isnan(miles), len(MILE_EDGES) + 1, np.digitize(miles, MILE_EDGES))
        bins, side = len(self.histogram), len(self.minutes)
        cells = _bin(actual - SHORTEST, side) * side + _bin(predicted - SHORTEST, side)
        self.by_hour += _sums(error, pickup // 3600 % 24, 24)
        self.by_miles += _sums(error, band, len(MILE_BANDS))
        self.histogram += np.bincount(_bin((error + LONGEST) * BINS_PER_MINUTE, bins), minlength=bins)
        self.minutes += np.bincount(cells, minlength=side * side).reshape(side, side)

    def __add__(self, other: "Errors") -> "Errors":
        total = Errors()
        for name, mine in vars(self).items():
            setattr(total, name, mine + getattr(other, name))
        return total

    def within(self, share: float) -> float:
        """Return the minutes that the absolute error of *share* of the rows (0 to 1) does not exceed.

        It is the order statistic that NumPy calls `inverted_cdf`, read off the histogram at the middle of its
        bin: right to 0.0005 minutes up to 60; larger ones read as 60.
        """
        below, above = np.split(self.histogram, 2)
        reached = np.cumsum(above + below[::-1])
        wanted = np.ceil(share * self._total()[ROWS] - 1e-6)  # 0.07 * 100 rows is the 7th, whatever floats say
        return float((np.searchsorted(reached, max(wanted, 1)) + 0.5) / BINS_PER_MINUTE)

    def metrics(self) -> dict[str, float]:
        """Return rows and, in minutes, rmse, mae, bias, p90; then rows, rmse, mae per hour and band of miles.

        Names suit MLflow: `rmse_hour_07`, `mae_miles_2_to_5`. A group without rows has only its rows, 0.
        Raises `ValueError` when nothing was counted: no figure then stands for a judgement.
        """
        total = self._total()
        found = _named(total, "") | {"bias": float(total[ERRORS] / total[ROWS]), "p90": self.within(0.9)}
        for hour, sums in enumerate(self.by_hour):
            found |= _named(sums, f"_hour_{hour:02d}")
        for band, sums in zip(MILE_BANDS, self.by_miles, strict=True):
            found |= _named(sums, f"_miles_{band}")
        return found

    def headline(self) -> dict[str, float]:
        """Return rmse, mae and p90 of all rows, in minutes."""
        metrics = self.metrics()
        return {name: metrics[name] for name in ("rmse", "mae", "p90")}

    def rmse_by_hour(self) -> dict[int, float]:
        """Return the RMSE in minutes by local hour of pickup, 0 to 23; an hour without rows is left out."""
        return {
            hour: float(np.sqrt(sums[SQUARES] / sums[ROWS])) for hour, sums in enumerate(self.by_hour) if sums[ROWS]
        }

    def by_distance(self) -> dict[str, list[Any]]:
        """Return a table for a reader, as columns: a row per band of miles that has trips, errors in minutes."""
        bands = {band: _named(sums, "") for band, sums in zip(MILE_BANDS, self.by_miles, strict=True) if sums[ROWS]}
        return {
            "distance": [_band_title(band) for band in bands],
            "trips": [int(metrics["rows"]) for metrics in bands.values()],
            "RMSE (minutes)": [round(metrics["rmse"], 3) for metrics in bands.values()],
            "MAE (minutes)": [round(metrics["mae"], 3) for metrics in bands.values()],
        }

    def _total(self) -> Floats:
        total: Floats = self.by_hour.sum(axis=0)
        if not total[ROWS]:
            raise ValueError("no row was judged, so there is no error to state")
        return total


def _band_title(band: str) -> str:
    return {"missing": "not recorded", "under_1": "under 1 mile"}.get(band, f"{band.replace('_', ' ')} miles")


def _sums(error: Floats, group: Counts, groups: int) -> Floats:
    weights = (np.ones_like(error), error**2, np.abs(error), error)
    return np.stack([np.bincount(group, weight, minlength=groups) for weight in weights], axis=1)


def _bin(position: Floats, bins: int) -> Counts:
    return np.clip(np.floor(position), 0, bins - 1).astype(np.int64)


def _named(sums: Floats, suffix: str) -> dict[str, float]:
    rows = float(sums[ROWS])
    if not rows:
        return {f"rows{suffix}": 0.0}
    rmse, mae = np.sqrt(sums[SQUARES] / rows), sums[ABSOLUTES] / rows
    return {f"rmse{suffix}": float(rmse), f"mae{suffix}": float(mae), f"rows{suffix}": rows}

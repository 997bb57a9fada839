"""What the trees see of a trip: 33 numbers, written once in the array API.

NumPy runs this file to train, ndonnx traces it into the model's graph: there is no second implementation.
Knows the layout of the statistics table, not how its figures come about (`statistics.py`).
"""

from collections.abc import Sequence
from typing import Any

Array = Any  # a NumPy array, or an ndonnx array while tracing

FARTHEST_MILES = 200.0  # nothing in the city's 13 years of green trips is farther by road and true
ZONES = 266  # the city's taxi zones are 1..265; 0 is unknown
HOURS, WEEK = 24, 168
KEYS = ("pair", "pickup_zone", "dropoff_zone", "week_hour", "pickup_zone_hour", "dropoff_zone_hour")
FIGURES = ("minutes", "pace", "share")  # mean minutes, minutes per mile, share of all trips
SIZES = (ZONES * ZONES, ZONES, ZONES, WEEK, ZONES * HOURS, ZONES * HOURS)
STARTS = tuple(sum(SIZES[:position]) for position in range(len(SIZES)))
TABLE_ROWS = sum(SIZES)  # 84 224 rows of 3 float32: 1 MB

PLAIN = (
    "trip_distance",
    "RatecodeID",
    "trip_type",
    "VendorID",
    "passenger_count",
    "PULocationID",
    "DOLocationID",
    "hour",
    "weekday",
)
NAMES = (
    *PLAIN,
    *(f"{key}_{figure}" for key in KEYS for figure in FIGURES),
    *(f"{key}_pace_x_miles" for key in KEYS),
)
MONDAY = 72 * 3600  # 1970-01-01 was a Thursday: three days after a Monday
DAY_SECONDS, WEEK_SECONDS = HOURS * 3600, WEEK * 3600

LARGEST = 1e30  # a number beyond it is taken as missing, as are the infinities
MEASURED, CODE, ZONE = (0.0, FARTHEST_MILES, 0.0), (-LARGEST, LARGEST, -1.0), (0.0, ZONES - 1.0, 0.0)
LEAST, GREATEST, INSTEAD = zip(MEASURED, CODE, CODE, CODE, CODE, ZONE, ZONE, strict=True)  # of PLAIN's first seven

# Weights that make the six keys of the plain features' whole parts: one matrix product, exact in float32.
_WEIGHTS = {
    "pair": {"PULocationID": ZONES, "DOLocationID": 1},
    "pickup_zone": {"PULocationID": 1},
    "dropoff_zone": {"DOLocationID": 1},
    "week_hour": {"weekday": HOURS, "hour": 1},
    "pickup_zone_hour": {"PULocationID": HOURS, "hour": 1},
    "dropoff_zone_hour": {"DOLocationID": HOURS, "hour": 1},
}
KEY_WEIGHTS = [[float(_WEIGHTS[key].get(name, 0)) for key in KEYS] for name in PLAIN]  # 9 rows, 6 columns
FROM_DAY_AND_WEEK = [[1.0, -1.0], [0.0, 1.0]]  # seconds of the day, of the week: of the day, of whole days before it
PACES = [key * len(FIGURES) + FIGURES.index("pace") for key in range(len(KEYS))]


def plain(xp: Any, trips: dict[str, Array]) -> Array:
    """Return the features that need no table, float32 (n, 9) in the order of `PLAIN`.

    *trips* holds the model's inputs, shape (n,) each. A number that cannot be, or is missing, is replaced: a zone by
    0, unknown; a distance by 0, as the city writes a trip that was not measured; a code by -1. All columns go through
    few operations together, since in the graph each operation is time per request, and the columns are not.
    """
    zones = xp.astype(xp.concat([trips[name] for name in PLAIN[5:7]], axis=0), xp.float32)
    columns = xp.concat([*(trips[name] for name in PLAIN[:5]), zones], axis=0)
    given = xp.permute_dims(xp.reshape(columns, (7, -1)), (1, 0))
    possible = (given >= _row(xp, LEAST)) & (given <= _row(xp, GREATEST))
    return xp.concat([xp.where(possible, given, _row(xp, INSTEAD)), _clock(xp, trips["pickup"])], axis=1)


def keys(xp: Any, plain: Array) -> Array:
    """Return the rows of each trip in the statistics table, int64 of shape (n, 6), from its plain features."""
    weights = xp.asarray(KEY_WEIGHTS, dtype=xp.float32)
    return xp.astype(xp.matmul(xp.floor(plain), weights) + _row(xp, STARTS), xp.int64)


def features(xp: Any, plain: Array, rows: Array, table: Array) -> Array:
    """Return float32 of shape (n, 33), columns as in `NAMES`; missing numbers are -1.

    *plain* is float32 (n, 9); *rows* is int64 (n, 6) into *table*, float32 (rows, 3).
    """
    figures = xp.reshape(xp.take(table, xp.reshape(rows, (-1,)), axis=0), (-1, len(KEYS) * len(FIGURES)))
    by_pace = xp.take(figures, xp.asarray(PACES), axis=1) * plain[:, :1]
    return xp.concat([plain, figures, by_pace], axis=1)


def _clock(xp: Any, pickup: Array) -> Array:
    """Return hour (with its fraction) and weekday (0 is Monday), float32 (n, 2), exact but for the hour's rounding.

    Whole numbers are not divided: each `//` becomes eight nodes of the graph.
    """
    lengths = xp.asarray([DAY_SECONDS, WEEK_SECONDS], dtype=xp.int64)
    seconds = xp.astype((xp.reshape(pickup, (-1, 1)) + MONDAY) % lengths, xp.float32)
    parts = xp.matmul(seconds, xp.asarray(FROM_DAY_AND_WEEK, dtype=xp.float32))
    return parts / xp.asarray([3600.0, DAY_SECONDS], dtype=xp.float32)


def _row(xp: Any, values: Sequence[float]) -> Array:
    return xp.asarray(values, dtype=xp.float32)

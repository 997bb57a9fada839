"""What the trees see of a trip: 33 numbers, written once in the array API.

NumPy runs this file to train, ndonnx traces it into the model's graph: there is no second implementation.
Knows the layout of the statistics table, not how its figures come about (`statistics.py`).
"""

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


def keys(xp: Any, trips: dict[str, Array]) -> Array:
    """Return the rows of each trip in the statistics table, int64 of shape (n, 6)."""
    zones = _zones(xp, trips)
    pair = xp.sum(zones * xp.asarray([ZONES, 1]), axis=1, keepdims=True)
    week_hour = xp.astype(_week_seconds(xp, trips) / 3600.0, xp.int64)
    zone_hours = zones * HOURS + week_hour % HOURS
    return xp.concat([pair, zones, week_hour, zone_hours], axis=1) + xp.asarray(STARTS)


def features(xp: Any, trips: dict[str, Array], rows: Array, table: Array) -> Array:
    """Return float32 of shape (n, 33), columns as in `NAMES`; missing numbers are -1.

    *trips* holds the model's inputs, shape (n,) each; *rows* is int64 (n, 6) into *table*, float32 (rows, 3).
    """
    miles = xp.reshape(_measured(xp, trips["trip_distance"]), (-1, 1))
    numbers = xp.stack([trips[name] for name in PLAIN[1:5]], axis=1)
    week_seconds = _week_seconds(xp, trips)
    weekday = xp.floor(week_seconds / 86400.0)
    plain = [
        miles,
        xp.where(xp.isnan(numbers), -1.0, numbers),
        xp.astype(_zones(xp, trips), xp.float32),
        (week_seconds - weekday * 86400.0) / 3600.0,
        weekday,
    ]
    figures = xp.take(table, xp.reshape(rows, (-1,)), axis=0)
    by_pace = xp.reshape(figures[:, 1], (-1, len(KEYS))) * miles
    return xp.concat([*plain, xp.reshape(figures, (-1, len(KEYS) * len(FIGURES))), by_pace], axis=1)


def _zones(xp: Any, trips: dict[str, Array]) -> Array:
    """Return the zones of pickup and drop-off, int64 (n, 2); what is no zone is 0."""
    zones = xp.stack([trips["PULocationID"], trips["DOLocationID"]], axis=1)
    return xp.where((zones >= 0) & (zones < ZONES), zones, 0)


def _week_seconds(xp: Any, trips: dict[str, Array]) -> Array:
    """Return seconds since Monday 0:00, float32 (n, 1): exact, as are whole parts of it over 3600 and 86 400.

    Whole numbers are not divided: each `//` becomes eight nodes of the graph, and each node is time per request.
    """
    return xp.reshape(xp.astype((trips["pickup"] + MONDAY) % (WEEK * 3600), xp.float32), (-1, 1))


def _measured(xp: Any, miles: Array) -> Array:
    """Distances that cannot be are 0, as the city writes a trip whose distance was not measured."""
    return xp.where((miles >= 0) & (miles <= FARTHEST_MILES), miles, 0.0)

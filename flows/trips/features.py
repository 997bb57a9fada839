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
MONDAY = 72  # 1970-01-01 was a Thursday: three days after a Monday


def keys(xp: Any, trips: dict[str, Array]) -> Array:
    """Return the rows of each trip in the statistics table, int64 of shape (n, 6)."""
    pickup_zone, dropoff_zone = _zone(xp, trips["PULocationID"]), _zone(xp, trips["DOLocationID"])
    hour = trips["pickup"] // 3600
    day_hour, week_hour = hour % HOURS, (hour + MONDAY) % WEEK
    positions = (
        pickup_zone * ZONES + dropoff_zone,
        pickup_zone,
        dropoff_zone,
        week_hour,
        pickup_zone * HOURS + day_hour,
        dropoff_zone * HOURS + day_hour,
    )
    return xp.stack([position + start for position, start in zip(positions, STARTS, strict=True)], axis=1)


def features(xp: Any, trips: dict[str, Array], rows: Array, table: Array) -> Array:
    """Return float32 of shape (n, 33), columns as in `NAMES`; missing numbers are -1.

    *trips* holds the model's inputs, shape (n,) each; *rows* is int64 (n, 6) into *table*, float32 (rows, 3).
    """
    miles = _measured(xp, trips["trip_distance"])
    pickup = trips["pickup"]
    plain = [miles, *(_known(xp, trips[name]) for name in PLAIN[1:5])]
    plain += [xp.astype(_zone(xp, trips[name]), xp.float32) for name in PLAIN[5:7]]
    plain += [
        xp.astype(pickup % 86400, xp.float32) / 3600.0,
        xp.astype((pickup // 3600 + MONDAY) % WEEK // HOURS, xp.float32),
    ]
    figures = xp.take(table, xp.reshape(rows, (-1,)), axis=0)
    figures = xp.reshape(figures, (-1, len(KEYS), len(FIGURES)))
    by_pace = figures[:, :, 1] * xp.reshape(miles, (-1, 1))
    return xp.concat([xp.stack(plain, axis=1), xp.reshape(figures, (-1, len(KEYS) * len(FIGURES))), by_pace], axis=1)


def _zone(xp: Any, zone: Array) -> Array:
    return xp.where((zone >= 0) & (zone < ZONES), zone, 0)


def _measured(xp: Any, miles: Array) -> Array:
    """Distances that cannot be are 0, as the city writes a trip whose distance was not measured."""
    return xp.where((miles >= 0) & (miles <= FARTHEST_MILES), miles, 0.0)


def _known(xp: Any, number: Array) -> Array:
    return xp.where(xp.isnan(number), -1.0, number)

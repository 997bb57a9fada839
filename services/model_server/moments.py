"""Date-times: ISO 8601 outside, whole seconds of local wall time since 1970 inside."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)
DAY_SECONDS = 86_400
SHORTEST = len("2026-11-21T07:34")  # a date alone is not a moment


def seconds(text: str, time_zone: str) -> int:
    """Seconds of wall time in *time_zone*; a *text* with an offset is converted to that zone first.

    Raise ValueError or OverflowError when *text* is not a moment.
    """
    if len(text) < SHORTEST:
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return _since_epoch(moment)


def now(time_zone: str) -> int:
    """The present wall time of *time_zone*."""
    return _since_epoch(datetime.now(ZoneInfo(time_zone)).replace(tzinfo=None))


def iso(moment: float) -> str:
    """Wall time as a person writes it, without offset; the seconds where no calendar reaches."""
    try:
        return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(int(moment))


def _since_epoch(moment: datetime) -> int:
    past = moment - EPOCH
    return past.days * DAY_SECONDS + past.seconds  # half the time of `past // timedelta(seconds=1)`

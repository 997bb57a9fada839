"""How wrong a model is on a month, and whether that is enough to take another one's place."""

from dataclasses import dataclass

from flows.trips.cleaning import judged
from flows.trips.evaluation import Errors
from flows.trips.graph import Predictor
from flows.trips.month_rows import MonthRows, passes
from flows.trips.progress import counted


def errors_on(graph: bytes, lake_url: str, month: MonthRows) -> Errors:
    """Return the errors of *graph* on the trips of 1 to 60 minutes of *month*, the rows that the source judges on."""
    predictor, errors = Predictor(graph), Errors()
    for batch in counted(passes(lake_url, [month]), f"judge {month.month}", month.rows):
        rows = judged(batch)
        errors.add(
            predictor.minutes(rows),
            rows["minutes"].to_numpy(),
            pickup=rows["pickup"].to_numpy(),
            miles=rows["trip_distance"].to_numpy(zero_copy_only=False),
        )
    return errors


@dataclass(frozen=True)
class Decision:
    """Whether a version becomes champion, and *why*, as one clause for people.

    The RMSE (minutes, on *month*) are those that it was decided by; None where nothing was judged.
    """

    promote: bool
    why: str
    month: str | None = None
    rmse: float | None = None
    champion_rmse: float | None = None


def decide(candidate_rmse: float, champion_rmse: float | None, *, margin: float, month: str) -> Decision:
    """Compare the two RMSE (minutes) on *month*; *margin* is a share of the champion's, 0.005 is half a percent."""
    if champion_rmse is None:
        why = f"there was no champion yet; RMSE {candidate_rmse:.3f} minutes on {month}"
        return Decision(True, why, month, candidate_rmse)
    better = 1 - candidate_rmse / champion_rmse
    figures = f"RMSE {candidate_rmse:.3f} against the champion's {champion_rmse:.3f} minutes on {month}"
    if better > margin:
        why = f"{figures}: {better:.1%} better, more than the margin of {margin:.1%}"
    else:
        why = f"{figures}: {better:+.1%} is not better by the margin of {margin:.1%}"
    return Decision(better > margin, why, month, candidate_rmse, champion_rmse)

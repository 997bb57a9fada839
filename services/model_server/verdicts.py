"""Which versions stand behind the model's aliases, with the verdict that promotion left on each as tags.

The follower asks the registry; pages and routes read what it wrote. Knows no model.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.model_server.releases import AliasVersion

if TYPE_CHECKING:  # workers go without MLflow
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

PREVIOUS = "previous"  # alias of the way back
log = logging.getLogger("model_server.verdicts")
LONGEST_TAG = 500  # characters; the rest of a tag is not shown


def look(
    client: "MlflowClient", name: str, aliases: Iterable[str], seen: "ModelVersion | None" = None
) -> list[AliasVersion] | None:
    """Return the versions behind *aliases* as the registry has them now, None when it cannot be asked.

    Costs one request, and one more for each version but *seen*, which was just asked for.
    """
    try:
        behind = client.get_registered_model(name).aliases
        numbers = {alias: str(behind[alias]) for alias in aliases if alias in behind}
        tags = {str(seen.version): seen.tags} if seen else {}
        for number in set(numbers.values()) - tags.keys():
            tags[number] = client.get_model_version(name, number).tags
    except Exception as error:  # no verdict is worth an outage: the next look is soon
        log.debug("event=no_verdicts error=%s", type(error).__name__)
        return [] if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST" else None
    return [judged(alias, number, tags[number]) for alias, number in numbers.items()]


def judged(alias: str, version: str, tags: Mapping[str, str]) -> AliasVersion:
    """Return the verdict that *tags* of a version tell; all of it may be absent."""
    told = {
        name: tags.get(f"verdict_{name}", "")[:LONGEST_TAG]
        for name in ("why", "at", "month", "rmse", "champion_rmse", "champion")
    }
    return AliasVersion(alias=alias, version=version, verdict=tags.get("verdict", "")[:LONGEST_TAG], **told)


def sentence(judged: AliasVersion, unit: str | None) -> str:
    """Return the verdict in one line; *unit* is that of the errors."""
    parts = [f"version {judged.version}, {judged.verdict or 'no verdict yet'}"]
    if why := reason(judged, unit):
        parts[0] += f": {why}"
    return ", ".join([*parts, when(judged.at)] if judged.at else parts)


def reason(judged: AliasVersion, unit: str | None) -> str:
    """Return why it was decided so; where nobody said it, the errors that were compared."""
    if judged.why:
        return judged.why
    own, champion = _rounded(judged.rmse), _rounded(judged.champion_rmse)
    if not own:
        return ""
    against = f" against {champion}" if champion else ""
    against += f" of version {judged.champion}" if champion and judged.champion else ""
    return f"RMSE {own}{f' {unit}' if unit else ''}{f' on {judged.month}' if judged.month else ''}{against}"


def when(moment: str) -> str:
    """Return an ISO 8601 *moment* as a person reads it, in UTC; as it is when it is none."""
    try:
        parsed = datetime.fromisoformat(moment)
        utc = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return moment
    return f"{utc:%Y-%m-%d %H:%M} UTC"


def _rounded(number: str) -> str:
    try:
        return f"{float(number):.3f}"
    except ValueError:
        return ""

"""What the gate decided about a version, and why: kept as tags of the version, told as a sentence and as a table."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import TypeAdapter

from flows.trips.judging import Decision

Outcome = Literal["promoted", "not promoted", "rolled back to"]
_TAG = "verdict"  # the outcome; every other field is `verdict_<field>`


@dataclass(frozen=True)
class Verdict:
    """One decision on *version*; RMSE are minutes on *month*, *at* is ISO 8601 in UTC.

    `champion` is the version that was champion before, None where there was none.
    """

    version: str
    outcome: Outcome
    why: str
    at: str
    month: str | None = None
    rmse: float | None = None
    champion: str | None = None
    champion_rmse: float | None = None

    @classmethod
    def now(cls, version: str, outcome: Outcome, decision: Decision, champion: str | None) -> Self:
        """Return the verdict that *decision* on *version* is, with the time of now."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(version, outcome, decision.why, at, decision.month, decision.rmse, champion, decision.champion_rmse)

    @classmethod
    def of_champion(cls, version: str, tags: Mapping[str, str]) -> Self:
        """Return the verdict that made *version* champion; without one in its *tags* somebody moved the alias."""
        verdict = cls.read(version, tags)
        if verdict is not None and verdict.outcome != "not promoted":
            return verdict
        return cls.now(version, "promoted", Decision(True, "somebody moved the alias in MLflow"), None)

    @classmethod
    def read(cls, version: str, tags: Mapping[str, str]) -> Self | None:
        """Return the verdict that a version's *tags* tell, or None where nobody has decided yet."""
        if _TAG not in tags:
            return None
        told = {name.removeprefix(f"{_TAG}_"): text for name, text in tags.items() if name.startswith(f"{_TAG}_")}
        return TypeAdapter(cls).validate_python(told | {"version": version, "outcome": tags[_TAG]})

    @property
    def tags(self) -> dict[str, str | None]:
        """Return the verdict as tags of the version; None where a tag must not be."""
        fields = asdict(self)
        del fields["version"]
        outcome = fields.pop("outcome")
        return {_TAG: outcome} | {
            f"{_TAG}_{name}": None if value is None else str(value) for name, value in fields.items()
        }

    @property
    def sentence(self) -> str:
        """Return the verdict for a log line: which version is champion now, and why."""
        if self.outcome == "not promoted":
            stays = f"version {self.champion} stays champion" if self.champion else "there is no champion yet"
            return f"version {self.version} is not promoted, {stays}: {self.why}"
        return f"version {self.version} is champion: {self.why}"

    @property
    def result(self) -> dict[str, Any]:
        """Return the verdict for programs; `version` is the one that is champion now, `judged` the one decided on."""
        fields = asdict(self)
        now = fields["champion"] if self.outcome == "not promoted" else self.version
        return fields | {"promoted": self.outcome != "not promoted", "version": now, "judged": self.version}

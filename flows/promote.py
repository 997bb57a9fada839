"""Promote: the candidate takes the champion's place if it is better on a month that neither has seen."""

import logging
from functools import partial
from time import perf_counter
from typing import Annotated, Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from flows.caching import by_key, reuse
from flows.results import PLAIN
from flows.trips import judging, month_rows, registry
from flows.trips.evaluation import Errors
from flows.trips.judging import Decision, decide
from flows.trips.month import Month, each, following
from flows.trips.month_rows import MonthRows
from flows.trips.registry import CANDIDATE, CHAMPION, PREVIOUS, NoModelError, Version
from flows.trips.settings import Settings

log = logging.getLogger("trainyard.promote")


@task(task_run_name="judge-version-{version.version}", cache_key_fn=by_key, persist_result=True)
def errors(version: Version, month: MonthRows, settings: Settings, *, key: tuple[str, ...]) -> Errors:
    """Return the errors of a registered version on *month*."""
    return judging.errors_on(registry.graph(settings.tracking_uri, version), settings.lake_url, month)


@task(task_run_name="move-champion-to-{version.version}", cache_policy=NO_CACHE)
def move_champion(version: Version, before: Version | None, settings: Settings) -> None:
    """Make *version* the champion; the one *before* becomes `previous` first, so that it is never without a name."""
    registry.graph(settings.tracking_uri, version)  # raises: nobody would load a file that was changed
    if before is not None and before.version != version.version:
        registry.move(settings.tracking_uri, PREVIOUS, before.version)
    registry.move(settings.tracking_uri, CHAMPION, version.version)


@flow(flow_run_name="promote", persist_result=True, result_serializer=PLAIN)
def promote(
    month: Annotated[Month | None, Field(description="month to judge on; empty: the one after the candidate's")] = None,
    margin: Annotated[float, Field(description="share by which the RMSE must be lower", ge=0, lt=1)] = 0.005,
    rollback: Annotated[bool, Field(description="put the previous champion back, whatever it scores")] = False,
) -> dict[str, Any]:
    """Move the alias `champion` to the candidate if it is better by the margin, and say why or why not."""
    started, settings = perf_counter(), Settings.from_env()
    champion = registry.version(settings.tracking_uri, CHAMPION)
    if rollback:
        chosen = registry.version(settings.tracking_uri, PREVIOUS)
        if chosen is None:
            raise NoModelError("there is no previous champion to go back to: only one version was ever promoted")
        decision = Decision(True, f"rolled back from version {champion.version if champion else 'none'}")
    else:
        chosen = registry.required(settings.tracking_uri, CANDIDATE)
        decision = _judge(settings, chosen, champion, month or _held_out(chosen), margin)
    if decision.promote:
        move_champion(chosen, champion, settings)
    now = registry.required(settings.tracking_uri, CHAMPION)
    log.info("promote  version %s is champion: %s (%.1f s)", now.version, decision.why, perf_counter() - started)
    return {"promoted": decision.promote, "why": decision.why, "version": now.version}


def _judge(settings: Settings, candidate: Version, champion: Version | None, month: str, margin: float) -> Decision:
    if champion is not None and champion.version == candidate.version:
        return Decision(False, "the candidate is the champion already")
    for version, name in ((candidate, "candidate"), (champion, "champion")):
        if version is not None and month in _learnt(version):
            return Decision(
                False,
                f"the {name}, version {version.version}, learnt from {month} and cannot be judged on it; "
                f"choose a month that neither has seen: `python -m flows promote --month {following(month)}`",
            )
    rows = month_rows.required(settings.lake_url, month)
    rmse = partial(_rmse, settings, rows)
    return decide(rmse(candidate), rmse(champion) if champion else None, margin=margin, month=month)


def _learnt(version: Version) -> list[str]:
    """Return the months that the version learnt from; none where its maker did not say (the tag `train`)."""
    return each(version.tags["train"]) if "train" in version.tags else []


def _held_out(candidate: Version) -> str:
    if not _learnt(candidate):
        raise ValueError(f"version {candidate.version} does not say what it learnt from: choose a month with --month")
    return following(_learnt(candidate)[-1])


def _rmse(settings: Settings, rows: MonthRows, version: Version) -> float:
    key = (version.version, version.run_id, rows.month, rows.sha256, settings.tracking_uri)
    found, _ = reuse(errors, version, rows, settings, key=key, present=True, force=False)
    return float(found.metrics()["rmse"])

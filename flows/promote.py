"""Promote: the candidate takes the champion's place if it is better on a month that neither has seen."""

from time import perf_counter
from typing import Annotated

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from flows.judged_versions import metrics_of
from flows.outcome import Result, completed
from flows.results import PLAIN
from flows.trips import month_rows, registry
from flows.trips.judging import Decision, decide
from flows.trips.month import Month, following
from flows.trips.registry import CANDIDATE, CHAMPION, PREVIOUS, NoModelError, Version
from flows.trips.report import promotion_report
from flows.trips.settings import Settings, command
from flows.trips.verdict import Outcome, Verdict


@task(task_run_name="move-champion-to-{version.version}", cache_policy=NO_CACHE)
def move_champion(version: Version, before: Version | None, settings: Settings) -> None:
    """Make *version* the champion; the one *before* becomes `previous` first, so that it is never without a name."""
    registry.graph(settings.tracking_uri, version)  # raises: nobody would load a file that was changed
    if before is not None:
        registry.move(settings.tracking_uri, PREVIOUS, before.version)
    registry.move(settings.tracking_uri, CHAMPION, version.version)


@task(task_run_name="publish-verdict", cache_policy=NO_CACHE)
def publish(verdict: Verdict, settings: Settings) -> None:
    """Put the verdict where people look: on the version in MLflow, and beside the run as the artifact `promotion`."""
    registry.record(settings.tracking_uri, verdict)
    report = promotion_report(verdict, settings.mlflow_ui)
    create_markdown_artifact(report, key="promotion", description=f"version {verdict.version}: {verdict.outcome}")


@flow(flow_run_name="promote", persist_result=True, result_serializer=PLAIN)
def promote(
    month: Month | None = None,
    version: str | None = None,
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.005,
    rollback: bool = False,
) -> Result:
    """Move the alias `champion` to the candidate if it is better by the margin, and say why or why not.

    Args:
        month: month to judge on, such as 2023-02; empty: the month after those that the version learnt from
        version: number of the version to judge; empty: the candidate
        margin: share by which the RMSE must be below the champion's; 0.005 is half a percent
        rollback: make the previous champion the champion again, whatever it scores
    """
    started, settings = perf_counter(), Settings.from_env()
    champion = registry.version(settings.tracking_uri, CHAMPION)
    chosen = _previous(settings) if rollback else registry.chosen(settings.tracking_uri, version, CANDIDATE)
    if champion is not None and champion.version == chosen.version:
        verdict = Verdict.of_champion(chosen.version, chosen.tags)
        sentence = f"version {chosen.version} is champion already; it was {verdict.outcome}: {verdict.why}"
    else:
        decision = _rollback(champion) if rollback else _judge(settings, chosen, champion, month, margin)
        if decision.promote:
            move_champion(chosen, champion, settings)
        outcome: Outcome = "rolled back to" if rollback else "promoted" if decision.promote else "not promoted"
        verdict = Verdict.now(chosen.version, outcome, decision, champion.version if champion else None)
        sentence = verdict.sentence
    publish(verdict, settings)
    seconds = perf_counter() - started
    result = verdict.result | {"sentence": sentence, "seconds": seconds}
    return completed(f"{sentence} ({seconds:.1f} s)", result, then=_next(verdict))


def _next(verdict: Verdict) -> str:
    if verdict.outcome == "not promoted":
        return command("train --help")
    return command(f"score --month {verdict.month}") if verdict.month else ""


def _previous(settings: Settings) -> Version:
    previous = registry.version(settings.tracking_uri, PREVIOUS)
    if previous is None:
        raise NoModelError("there is no previous champion to go back to: only one version was ever promoted")
    return previous


def _rollback(champion: Version | None) -> Decision:
    return Decision(True, f"rolled back from version {champion.version if champion else 'none'}")


def _judge(
    settings: Settings, candidate: Version, champion: Version | None, month: str | None, margin: float
) -> Decision:
    judged_on = month or _held_out(candidate)
    for version, name in ((candidate, "the candidate"), (champion, "the champion")):
        if version is not None and judged_on in version.learnt_from:
            why = (
                f"{name}, version {version.version}, learnt from {judged_on} and cannot be judged on it; choose a "
                f"month that neither has seen: {command(f'promote --month {following(judged_on)}')}"
            )
            return Decision(False, why, judged_on)
    rows = month_rows.required(settings.lake_url, judged_on)
    rmse = {
        version.version: metrics_of(version, rows, settings)["rmse"] for version in (candidate, champion) if version
    }
    return decide(rmse[candidate.version], rmse[champion.version] if champion else None, margin=margin, month=judged_on)


def _held_out(candidate: Version) -> str:
    if not candidate.learnt_from:
        raise ValueError(f"version {candidate.version} does not say what it learnt from: choose a month with --month")
    return following(candidate.learnt_from[-1])

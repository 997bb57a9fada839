"""The reports of training, promotion and scoring as Markdown, with links to MLflow's pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.trips import links
from flows.trips.baseline import Baseline
from flows.trips.registry import Version
from flows.trips.verdict import Verdict

Metrics = dict[str, float]


@dataclass(frozen=True)
class Beside:
    """The champion in a report: its version, and its metrics in minutes on the month, or why it has none."""

    version: str
    metrics: Metrics | str


def mlflow_links(mlflow_ui: str, version: Version, experiment: str) -> str:
    """Return one line that links a version and the run that made it."""
    page = links.version_page(mlflow_ui, version.version)
    run = links.run_page(mlflow_ui, experiment, version.run_id)
    return f"[Version {version.version}]({page}) and [its run]({run}) in MLflow."


def duration_report(
    *,
    train: str,
    validate: str,
    rows: int,
    model: Metrics,
    champion: Beside | None,
    baseline: Baseline | None,
    links: str,
) -> str:
    """Return the report of a training; *rows* trained on, metrics in minutes over the judged trips of *validate*."""
    lines = [_line("this model", model["rmse"], model["mae"], model["rows"], model["rmse"])]
    if champion:
        lines.append(_champion(champion, model["rmse"]))
    if baseline:
        lines.append(
            _line("source system's method", baseline.rmse, baseline.mae, baseline.validation_rows, model["rmse"])
        )
    hours = "".join(f"| {hour:02d} | {model[f'rmse_hour_{hour:02d}']:.2f} |\n" for hour in range(24)
                    if f"rmse_hour_{hour:02d}" in model)  # fmt: skip
    return (
        "# How long a trip takes\n\n"
        f"Trained on {train} ({rows:,} trips), judged on {validate}: trips of 1 to 60 minutes.\n{links}\n\n"
        f"| model | month | RMSE (min) | MAE (min) | rows | this model is |\n|---|---|---:|---:|---:|---|\n"
        + "".join(line.replace("{month}", validate) for line in lines)
        + f"\nNine of ten predictions are within {model['p90']:.1f} minutes.\n\n"
        + "## By hour of day\n\n| hour | RMSE (min) |\n|---|---:|\n"
        + hours
    )


def promotion_report(verdict: Verdict, mlflow_ui: str) -> str:
    """Return the verdict with what it rests on: both RMSE, the month, the time, and each version's page."""
    lines = [f"| {_page(mlflow_ui, verdict.version)} | {_minutes(verdict.rmse)} | {verdict.outcome} |\n"]
    if verdict.champion:
        role = "stays champion" if verdict.outcome == "not promoted" else "champion until then"
        lines.append(f"| {_page(mlflow_ui, verdict.champion)} | {_minutes(verdict.champion_rmse)} | {role} |\n")
    return (
        f"# Version {verdict.version} is {verdict.outcome.removesuffix(' to')}\n\n{verdict.why}.\n\n"
        f"| model | RMSE (min) on {verdict.month or 'no month'} | |\n|---|---:|---|\n"
        + "".join(lines)
        + f"\nDecided {verdict.at}.\n"
    )


def score_report(*, month: str, rows: int, version: str, key: str, state: str, links: str) -> str:
    """Return what was predicted, by which version, and where in the lake it lies."""
    return f"# Predictions of {month}\n\n{rows:,} rows {state} by version {version}: `{key}` in the lake.\n{links}\n"


def pipeline_report(result: Mapping[str, Any], mlflow_ui: str, *, seconds: float) -> tuple[str, str]:
    """Return the whole path's report as Markdown, and as three lines of text: RMSE, champion, rows scored."""
    validate, promoted, scored = result["validate"], result["promote"], result["score"]
    baseline = validate["baseline_rmse"]
    figures = f"RMSE {validate['rmse']:.3f} minutes on {validate['rows']:,} trips of {validate['months']}"
    if baseline:
        better = 1 - validate["rmse"] / baseline
        figures += f"; the source's method has {baseline:.3f}: {abs(better):.1%} {'better' if better >= 0 else 'WORSE'}"
    trained, champion = (_page(mlflow_ui, result[part]["version"]) for part in ("train", "promote"))
    rows = f"{scored['rows']:,} trips of {scored['month']} scored by version {scored['version']}"
    ingested = ", ".join(f"{one['rows']:,} rows of {one['month']}" for one in result["ingest"])
    report = (
        f"# Trained on {result['train']['months']}, judged on {validate['months']}\n\n"
        f"- **ingest**: {ingested}\n- **train**: {figures} ({trained})\n"
        f"- **promote**: {promoted['sentence']} (champion: {champion})\n- **score**: {rows}\n"
    )
    return report, "\n".join([figures, promoted["sentence"], f"{rows}; {seconds:.1f} s in total"])


def _page(mlflow_ui: str, version: str) -> str:
    return f"[version {version}]({links.version_page(mlflow_ui, version)})"


def _minutes(rmse: float | None) -> str:
    return "not judged" if rmse is None else f"{rmse:.3f}"


def _champion(champion: Beside, own: float) -> str:
    name = f"champion, version {champion.version}"
    if isinstance(champion.metrics, str):
        return f"| {name} | {{month}} | | | | {champion.metrics} |\n"
    return _line(name, champion.metrics["rmse"], champion.metrics["mae"], champion.metrics["rows"], own)


def _line(name: str, rmse: float, mae: float, rows: float, own: float) -> str:
    better = 1 - own / rmse
    words = "" if better == 0 else f"{abs(better):.1%} {'better' if better > 0 else 'worse'}"
    return f"| {name} | {{month}} | {rmse:.3f} | {mae:.3f} | {rows:,.0f} | {words} |\n"

"""The report of a training as Markdown: the model beside the champion and the source system's method."""

from flows.trips.baseline import Baseline

Metrics = dict[str, float]


def duration_report(
    *,
    train: str,
    validate: str,
    rows: int,
    model: Metrics,
    champion: Metrics | None,
    baseline: Baseline | None,
) -> str:
    """Return the report; *rows* trained on, metrics in minutes over the judged trips of *validate*."""
    lines = [_line("this model", model["rmse"], model["mae"], model["rows"], model["rmse"])]
    if champion:
        lines.append(_line("champion", champion["rmse"], champion["mae"], champion["rows"], model["rmse"]))
    if baseline:
        lines.append(
            _line("source system's method", baseline.rmse, baseline.mae, baseline.validation_rows, model["rmse"])
        )
    hours = "".join(f"| {hour:02d} | {model[f'rmse_hour_{hour:02d}']:.2f} |\n" for hour in range(24)
                    if f"rmse_hour_{hour:02d}" in model)  # fmt: skip
    return (
        "# How long a trip takes\n\n"
        f"Trained on {train} ({rows:,} trips), judged on {validate}: trips of 1 to 60 minutes.\n\n"
        f"| model | month | RMSE (min) | MAE (min) | rows | this model is |\n|---|---|---:|---:|---:|---|\n"
        + "".join(line.replace("{month}", validate) for line in lines)
        + f"\nNine of ten predictions are within {model['p90']:.1f} minutes.\n\n"
        + "## By hour of day\n\n| hour | RMSE (min) |\n|---|---:|\n"
        + hours
    )


def _line(name: str, rmse: float, mae: float, rows: float, own: float) -> str:
    better = 1 - own / rmse
    words = "" if better == 0 else f"{abs(better):.1%} {'better' if better > 0 else 'worse'}"
    return f"| {name} | {{month}} | {rmse:.3f} | {mae:.3f} | {rows:,.0f} | {words} |\n"

"""Figures of a model's errors, as Matplotlib figures whose titles say what they show.

Knows `Errors` and Matplotlib. Does not know files, MLflow or models; draws with Agg and keeps no global
state, so it runs in workers and threads. 800 pixels wide.
Colours that the colour-blind can tell apart: Okabe and Ito, "Color Universal Design" (2008).
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from flows.trips.evaluation import ABSOLUTES, BINS_PER_MINUTE, LONGEST, ROWS, SHORTEST, SQUARES, Errors

BLUE, SKY, ORANGE, INK = "#0072B2", "#56B4E9", "#D55E00", "#333333"
SHOWN = 20  # minutes of error on either side of the residuals' axis


def predicted_against_actual(errors: Errors) -> Figure:
    """Draw trips by minute of actual and predicted time; the title says how far off long ones are."""
    counts, edges = errors.minutes, np.arange(SHORTEST, LONGEST + 1)
    middles, rows = edges[:-1] + 0.5, counts.sum(axis=1)
    predicted = counts @ middles  # minutes predicted in sum, per minute of actual time
    known = rows > 0
    figure, (axes,) = _canvas(height=6.4)
    norm = LogNorm(0.6, max(int(counts.max()), 2))  # from below 1, so that a single trip is not white
    cells = axes.pcolormesh(edges, edges, np.ma.masked_equal(counts.T, 0), norm=norm, cmap="Blues")
    label = "trips per cell of 1 × 1 minute (log scale)"
    figure.colorbar(cells, ax=axes, label=label, format="{x:,.0f}").outline.set_visible(False)
    axes.plot([0, LONGEST], [0, LONGEST], color=INK, linewidth=1.2, linestyle="--", label="exact")
    axes.plot(middles[known], predicted[known] / rows[known], color=ORANGE, linewidth=3, label="mean prediction")
    axes.legend(loc="upper left", frameon=False)
    axes.set(xlim=(0, LONGEST), ylim=(0, LONGEST), aspect="equal")
    axes.set(xlabel="actual duration (minutes)", ylabel="predicted duration (minutes)")
    from_end = np.cumsum(rows[::-1])[::-1]
    start = int(np.flatnonzero(from_end * 10 >= from_end[0])[-1])  # where the longest tenth of the trips begins
    off = (predicted - rows * middles)[start:].sum() / max(from_end[start], 1)
    finding = f"{abs(off):.1f} minutes too {'long' if off > 0 else 'short'} on average"
    _title(figure, f"Trips of {edges[start]} minutes and more are predicted {finding}")
    return figure


def residuals(errors: Errors) -> Figure:
    """Draw the share of trips per half minute of error; the title says within what half and most lie."""
    half, most = errors.within(0.5), errors.within(0.9)
    counts = errors.histogram.reshape(-1, BINS_PER_MINUTE // 2).sum(axis=1)
    shares, starts = counts / counts.sum(), np.arange(-LONGEST, LONGEST, 0.5)
    shown = np.abs(starts + 0.25) < SHOWN
    figure, (axes,) = _canvas()
    axes.axvspan(-most, most, color=SKY, alpha=0.22, linewidth=0, label="nine in ten trips")
    axes.bar(starts[shown], shares[shown], 0.5, align="edge", color=BLUE, edgecolor="white", linewidth=0.4)
    axes.axvline(0, color=INK, linewidth=1.2, linestyle="--", label="exact")
    axes.legend(loc="upper right", frameon=False)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlim=(-SHOWN, SHOWN), ylabel="share of trips per half minute")
    beyond = f"{shares[~shown].sum():.1%} of the trips lie outside this range"
    axes.set_xlabel(f"← too short      predicted minus actual duration (minutes)      too long →\n{beyond}")
    _title(figure, f"Half of the trips are predicted within {half:.1f} minutes, nine in ten within {most:.1f}")
    return figure


def error_by_hour(errors: Errors) -> Figure:
    """Draw RMSE and MAE by local hour of pickup above the trips of that hour; the title has the worst."""
    overall, rows = errors.metrics()["rmse"], errors.by_hour[:, ROWS]
    hours = np.flatnonzero(rows)
    rmse = np.sqrt(errors.by_hour[hours, SQUARES] / rows[hours])
    mae = errors.by_hour[hours, ABSOLUTES] / rows[hours]
    figure, (axes, below) = _canvas(ratios=(3, 1))
    for measure, colour, marker, name in ((rmse, BLUE, "o", "RMSE"), (mae, ORANGE, "s", "MAE")):
        axes.plot(hours, measure, color=colour, marker=marker, markersize=5, linewidth=2.2, label=name)
    axes.axhline(overall, color=INK, linewidth=1, linestyle="--", label=f"RMSE of all trips, {overall:.2f}")
    axes.set(ylabel="error (minutes)", ylim=(0, max(rmse.max() * 1.3, 0.1)))
    axes.legend(loc="upper right", frameon=False, ncols=3)
    below.bar(np.arange(24), rows, 0.8, color=SKY)
    below.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    below.set(ylabel="trips", xlabel="local hour of pickup", xticks=range(0, 24, 2), xlim=(-0.7, 23.7))
    figure.align_ylabels()
    worst, best = hours[rmse.argmax()], hours[rmse.argmin()]
    lead = f"The error is largest at {worst:02d}:00 (RMSE {rmse.max():.1f} minutes)"
    _title(figure, f"{lead}, smallest at {best:02d}:00 ({rmse.min():.1f})")
    return figure


def feature_gain(gain: dict[str, float], top: int = 20) -> Figure:
    """Draw the *top* features' shares of the summed *gain* (any unit, not negative), the largest first."""
    ranked = sorted(gain.items(), key=lambda item: item[1], reverse=True)
    total = sum(gain.values())
    names, shares = [name for name, _ in ranked[:top]], [value / total for _, value in ranked[:top]]
    figure, (axes,) = _canvas(height=max(1.4 + 0.26 * len(names), 3.0))
    bars = axes.barh(names, shares, color=[ORANGE, *[BLUE] * (len(names) - 1)], height=0.72)
    axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, fontsize=9, color=INK)
    axes.invert_yaxis()
    axes.margins(x=0.12, y=0.01)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=False, axis="y")
    rest = f" (not drawn: {len(ranked) - top} with {1 - sum(shares):.1%})" if len(ranked) > top else ""
    axes.set_xlabel(f"share of the gain of all {len(ranked)} features{rest}")
    _title(figure, f"{names[0]} brings {shares[0]:.0%} of the gain")
    return figure


def _canvas(height: float = 5.0, ratios: Sequence[float] = (1,)) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(8, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.subplots(len(ratios), sharex=True, height_ratios=ratios)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, color="#E5E5E5", linewidth=0.7)
        axes.set_axisbelow(True)
    return figure, figure.axes


def _title(figure: Figure, finding: str) -> None:
    figure.suptitle(finding, x=0.01, horizontalalignment="left", fontsize=12.5, fontweight="bold", color=INK)

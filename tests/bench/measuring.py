"""How things are timed: contenders take turns, so that a machine that slows down meanwhile changes few ratios."""

from collections.abc import Callable, Sequence
from math import log
from pathlib import Path
from statistics import linear_regression, median
from time import perf_counter

DATA = Path("data")
TRAIN, VALIDATE = "2023-01", "2023-02"  # the two real months of the repository


def seconds(work: Callable[[], object]) -> float:
    """Return how long *work* takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def in_turns(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Let each contender measure itself once per round; return its figures in the order of the rounds."""
    turns = [{name: measure() for name, measure in contenders.items()} for _ in range(rounds)]
    return {name: [turn[name] for turn in turns] for name in contenders}


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """Return the median of the rounds' own ratios."""
    return median(one / other for one, other in zip(over, under, strict=True))


def exponent(rows: Sequence[float], taken: Sequence[float]) -> float:
    """Return the power of *rows* that *taken* grows with: 1 is linear, 2 quadratic."""
    return linear_regression([log(count) for count in rows], [log(each) for each in taken]).slope

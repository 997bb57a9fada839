"""The text of the Prometheus page: the sums of the workers' counts, and what the local record says."""

import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from services.model_server import releases
from services.model_server.metrics import FOLDER, series
from services.model_server.releases import Following, Release
from services.model_server.settings import Settings

PREFIX = "model_server_"
FRESH_SECONDS = 10.0  # a worker writes every second
HELP = {
    "requests_total": "Requests by route, method and status.",
    "request_seconds": "Time from the request's head to its answer.",
    "request_rows": "Rows in one request.",
    "rows_total": "Rows predicted by model version.",
    "prediction": "Predictions by model version.",
    "swaps_total": "Models taken into service by workers.",
    "load_failures_total": "Models that a worker could not load.",
    "slow_connections_total": "Connections that were closed because a body was overdue and little or nothing came.",
    "shadow_rows_total": "Rows that the shadow predicted too.",
    "shadow_difference": "Absolute difference between the shadow's prediction and the answer.",
    "prediction_log_rows_total": "Rows handed to the prediction log.",
    "prediction_log_dropped_rows_total": "Rows not logged because too many waited.",
    "model_info": "The model version that is served, by alias.",
    "model_since_seconds": "When that version came, in seconds since 1970.",
    "refused_versions": "Versions that were refused since the start.",
    "registry_up": "1 when the registry answered the last look.",
    "workers": "Workers that wrote their counts lately.",
}
HISTOGRAMS = ("request_seconds", "request_rows", "prediction", "shadow_difference")


def exposition(settings: Settings) -> str:
    """The page in Prometheus' text format."""
    families: dict[str, list[str]] = defaultdict(list)
    for name, value in sorted((totals(settings.model_dir) | record(settings)).items()):
        families[_family(name.partition("{")[0])].append(f"{PREFIX}{name} {value:.17g}")
    lines = []
    for family, samples in families.items():
        kind = "histogram" if family in HISTOGRAMS else "counter" if family.endswith("_total") else "gauge"
        lines += [f"# HELP {PREFIX}{family} {HELP.get(family, family)}", f"# TYPE {PREFIX}{family} {kind}"]
        lines += sorted(samples, key=_bucket_order) if kind == "histogram" else samples
    return "\n".join(lines) + "\n"


def totals(folder: Path) -> dict[str, float]:
    """The sums over all workers' files."""
    sums: dict[str, float] = defaultdict(float)
    for path in (folder / FOLDER).glob("*.json"):
        for name, value in (releases.read(path, dict[str, float]) or {}).items():
            sums[name] += value
    return sums


def record(settings: Settings) -> dict[str, float]:
    """What the local record says about models and registry."""
    folder, told = settings.model_dir, dict[str, float]()
    for alias in (settings.model_alias, settings.model_candidate_alias):
        if release := releases.read(releases.pointer(folder, alias), Release):
            labels = {"alias": alias, "name": release.name, "version": release.version}
            told[series("model_info", labels)] = 1
            if release.since:
                since = datetime.fromisoformat(release.since).timestamp()
                told[series("model_since_seconds", {"alias": alias})] = since
    if seen := releases.read(releases.status(folder, settings.model_alias), Following):
        told["registry_up"], told["refused_versions"] = float(seen.registry == "ok"), len(seen.refused)
    files = (folder / FOLDER).glob("*.json")
    told["workers"] = sum(time.time() - path.stat().st_mtime < FRESH_SECONDS for path in files)
    return told


def _family(name: str) -> str:
    for histogram in HISTOGRAMS:
        if name in (f"{histogram}_bucket", f"{histogram}_sum", f"{histogram}_count"):
            return histogram
    return name


def _bucket_order(line: str) -> tuple[str, float]:
    """Buckets of one series together, in the order of their edges."""
    head, _, edge = line.rpartition('le="')
    return (head, float(edge.partition('"')[0])) if head else (line, 0.0)

"""Errors of registered versions on a month, kept: training compares by them, promotion decides by them."""

from prefect import task

from flows.caching import by_key, reuse
from flows.trips import judging, registry
from flows.trips.evaluation import Errors
from flows.trips.month_rows import MonthRows
from flows.trips.registry import Version
from flows.trips.settings import Settings


@task(task_run_name="judge-version-{version.version}-on-{month.month}", cache_key_fn=by_key, persist_result=True)
def errors(version: Version, month: MonthRows, settings: Settings, *, key: tuple[str, ...]) -> Errors:
    """Return the errors of a registered version on *month*."""
    return judging.errors_on(registry.graph(settings.tracking_uri, version), settings.lake_url, month)


def metrics_of(version: Version, month: MonthRows, settings: Settings) -> dict[str, float]:
    """Return the metrics of *version* on *month*, as `Errors.metrics` names them; nothing is judged twice."""
    key = (version.version, version.run_id, month.month, month.sha256, settings.tracking_uri)
    found, _ = reuse(errors, version, month, settings, key=key, present=True, force=False)
    return dict(found.metrics())

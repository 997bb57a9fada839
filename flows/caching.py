"""What "unchanged" means to every flow: same inputs, same code, and the product still where it was put.

Prefect keeps the results, keyed by checksums; the place itself (database, lake, registry) is asked whether it still
has the product, so that a deleted partition or file is made again instead of believed.
"""

from typing import Any, cast

from prefect import State, Task
from prefect.context import TaskRunContext

from flows.trips.fingerprint import fingerprint


def by_key(context: TaskRunContext, inputs: dict[str, Any]) -> str:
    """Return the cache key of a task run: its task's name and its `key` argument, under today's code."""
    return fingerprint(context.task.name, inputs["key"])


def reuse(task: Task[..., Any], *inputs: Any, key: tuple[str, ...], present: bool, force: bool) -> tuple[Any, bool]:
    """Run *task*, or take its kept result when *key* is known and the product is *present*; tell which it was."""
    run = task.with_options(refresh_cache=force or not present)
    state = cast("State[Any]", run(*inputs, key=key, return_state=True))
    return state.result(), state.name == "Cached"

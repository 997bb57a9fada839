"""What "unchanged" means to every flow: same inputs, same code, and the product still where it was put.

Prefect keeps the results, keyed by checksums; the place itself (database, lake, registry) is asked whether it still
has the product, so that a deleted partition or file is made again instead of believed.
"""

import logging
from collections.abc import Callable
from typing import Any, cast, get_type_hints

from prefect import State, Task
from prefect.context import TaskRunContext
from pydantic import TypeAdapter, ValidationError

from flows.trips.fingerprint import fingerprint

log = logging.getLogger("trainyard.caching")


def by_key(context: TaskRunContext, inputs: dict[str, Any]) -> str:
    """Return the cache key of a task run: its task's name and its `key` argument, under today's code."""
    return fingerprint(context.task.name, inputs["key"])


def reuse(
    task: Task[..., Any],
    *inputs: Any,
    key: tuple[str, ...],
    present: bool | Callable[[Any], bool],
    force: bool,
) -> tuple[Any, bool]:
    """Run *task*, or take its kept result when *key* is known and the product is *present*; tell which it was.

    A product whose place only the result knows is asked for by a function. A kept result is plain JSON: it is taken
    only if it has the type that the task returns.
    """
    state = _run(task, *inputs, key=key, refresh=force or present is False)
    if state.name != "Cached":
        return state.result(), False
    try:
        kept = TypeAdapter(get_type_hints(task.fn, include_extras=True)["return"]).validate_python(state.result())
    except ValidationError as error:
        log.warning("the kept result of %s is not what it returns, so it runs again: %s", task.name, error)
    else:
        if not callable(present) or present(kept):
            return kept, True
    return _run(task, *inputs, key=key, refresh=True).result(), False


def _run(task: Task[..., Any], *inputs: Any, key: tuple[str, ...], refresh: bool) -> State[Any]:
    return cast("State[Any]", task.with_options(refresh_cache=refresh)(*inputs, key=key, return_state=True))

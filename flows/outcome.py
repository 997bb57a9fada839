"""How a flow ends: a result for programs, and a line for people in its log and on its final state."""

import logging
from typing import Any, cast

from prefect import runtime
from prefect.states import Completed

Result = dict[str, Any]
log, log_next = logging.getLogger("trainyard.result"), logging.getLogger("trainyard.next")


def completed(message: str, result: Result, *, then: str = "") -> Result:
    """End the flow: log *message*, line by line after the flow's name, and put it on the run's final state.

    *then* is what a person may want to type next; a flow that runs below another one does not say it.
    Prefect keeps a state that a flow returns, and hands its data, *result*, to whoever called the flow.
    """
    for line in message.splitlines():
        log.info("%-8s %s", runtime.flow_run.flow_name, line)
    if then and runtime.flow_run.parent_flow_run_id is None:
        log_next.info("next:  %s", then)
    return cast("Result", Completed(message=message, data=result))

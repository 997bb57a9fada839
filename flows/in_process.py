"""One flow, run in this process.

Lines for people go to standard error, the flow's result as JSON to standard output. Prefect's own log is in its UI.
"""

import logging
import sys
from importlib import import_module
from typing import Any, cast

import click
from prefect import Flow, State
from prefect.exceptions import ParameterTypeError
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.utilities.urls import url_for
from pydantic_core import to_json

log = logging.getLogger("trainyard")


def run(name: str, parameters: dict[str, Any]) -> int:
    """Run the flow, print its result, return the exit status; raise `click.UsageError` for a refused parameter."""
    flow: Flow[..., Any] = getattr(import_module(f"flows.{name}"), name)
    _talk_to_people()
    try:
        flow.validate_parameters(parameters)  # before a run exists; a type may check more than its JSON schema says
    except ParameterTypeError as error:
        raise click.UsageError(str(error), click.get_current_context(silent=True)) from error
    state: State[Any] = cast("Any", flow)(**parameters, return_state=True)
    if sys.stdout.isatty():  # a program that reads the result needs no link
        log.info("run:   %s", url_for("flow-run", obj_id=state.state_details.flow_run_id))
    result = state.result(raise_on_failure=False)
    if not state.is_completed():  # one line for people, the traceback is in the run's log
        log.error("%s: %s", name, result)
        return 1
    sys.stdout.buffer.write(to_json(result, indent=2) + b"\n")
    return 0


def _talk_to_people() -> None:
    for handler in logging.getLogger("prefect").handlers + logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.setLevel(logging.CRITICAL)
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    logging.getLogger("trainyard.next").disabled = not sys.stdout.isatty()

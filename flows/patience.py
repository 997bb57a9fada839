"""A flow that waits, takes memory or fails on demand: what cancelling, crashing, running out of memory look like."""

import time

from prefect import Flow, flow, task
from prefect.client.schemas.objects import FlowRun
from prefect.logging.loggers import flow_run_logger


def _say_farewell(flow: "Flow[..., int]", flow_run: FlowRun, state: object) -> None:
    """Runs when the run is cancelled; the stack's own start of flows must not lose such hooks."""
    flow_run_logger(flow_run, flow).info("farewell")  # a run can be cancelled before its body, and its context, begin


@task
def hold(megabytes: int) -> int:
    """Take that much memory, every page of it."""
    return len(bytearray(b"x") * megabytes * 2**20)


@task
def wait(second: int) -> int:
    """One second."""
    time.sleep(1)
    return second


@flow(on_cancellation=[_say_farewell])
def patience(seconds: int = 0, megabytes: int = 0, fail: bool = False) -> int:
    """Hold memory, wait, then fail or return the seconds waited.

    Args:
        seconds: seconds to wait
        megabytes: memory to hold while waiting, in MB
        fail: fail at the end
    """
    hold(megabytes)
    waited = sum(1 for second in range(seconds) if wait(second) == second)
    if fail:
        raise RuntimeError("asked to fail")
    return waited

"""Smallest flow, to wire the stack."""

import time

from prefect import flow, get_run_logger, task


@task(persist_result=True)
def add(a: int, b: int) -> int:
    """Sum."""
    return a + b


@flow
def inner(x: int) -> int:
    """Subflow."""
    get_run_logger().info("inner x=%s", x)
    return add(x, 1)


@flow
def hello(seconds: int = 0, x: int = 1) -> int:
    """Sleep and add."""
    get_run_logger().info("hello")
    time.sleep(seconds)
    return inner(x)

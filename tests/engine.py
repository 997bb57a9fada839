"""Whether a Docker engine runs, asked once; tests that need one are skipped in one visible line without it."""

import subprocess
from functools import cache

import pytest

REMEDY = "needs a Docker engine; install and start one with: make engine"


@cache
def engine_runs() -> bool:
    try:
        return subprocess.run(["docker", "info"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


needs_engine = pytest.mark.skipif(not engine_runs(), reason=REMEDY)

"""Brings the stack's parts to the declared state; every step can run again at any time and changes only what
differs.

It speaks to Prefect by its REST API, because importing Prefect alone takes longer than all of this.
One step per file, in order: storage first, then what flows may read, then what runs them.
"""

import logging
import os
import sys
import time

from infra.setup.make_automations import make_automations
from infra.setup.make_blocks import make_blocks
from infra.setup.make_buckets import make_buckets
from infra.setup.make_variables import make_variables
from infra.setup.make_work_pool import make_work_pool
from infra.setup.prefect_api import PrefectApi
from infra.setup.write_flow_secrets import write_flow_secrets

log = logging.getLogger("setup")


def main() -> None:
    """Run every step and say how long it took."""
    started = time.perf_counter()
    make_buckets()
    write_flow_secrets()
    with PrefectApi(os.environ["PREFECT_API_URL"]) as api:
        make_work_pool(api, os.environ)
        make_variables(api, os.environ)
        make_blocks(api)
        make_automations(api)
    log.info("event=ready seconds=%.2f", time.perf_counter() - started)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    main()

"""The claims of `make smoke` that are checked from inside the stack; one PASS or FAIL line each.

Runs after a pipeline run. IMAGE and DIGEST are those of that run's container, as the engine tells them.
"""

import os
import sys
from collections.abc import Callable

from infra.smoke import attacks, claims

CLAIMS: dict[str, Callable[[], None]] = {
    "every deployment of prefect.yaml is registered": claims.deployments_are_registered,
    "the run used the deployed image, digest and all": claims.run_used_the_deployed_image,
    "the run's graph shows its subflows, and its report is an artifact": claims.graph_and_report_are_there,
    "a wrong password is refused": claims.wrong_password_is_refused,
    "the lake holds Parquet": claims.lake_holds_parquet,
    "MLflow has a version of trip-duration with the alias champion": claims.champion_exists,
    "the model server serves that champion": claims.champion_is_served,
    "predictions over HTTP equal the batch scores": claims.predictions_equal_batch_scores,
    "a forged write to the object store is refused": attacks.forged_write_is_refused,
    "no result of a run holds code": attacks.results_are_json,
    "a heavy request is refused in words": attacks.heavy_request_is_refused,
    "a page of another site is refused by the model server": attacks.foreign_host_is_refused,
}


def main() -> int:
    """0 when every claim holds."""
    failed = 0
    for words, check in CLAIMS.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever fails, the claim does not hold
            failed = 1
            sys.stdout.write(f"FAIL  {words}\n      {type(error).__name__}: {error}\n")
        else:
            sys.stdout.write(f"PASS  {words}\n")
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    sys.exit(main())

"""The bucket of results: runs keep only plain JSON there, and what somebody else puts there runs no code in them."""

import io
import os

from tests import planted
from tests.e2e.s3_requests import client
from tests.e2e.stack import Prefect
from tests.e2e.test_pipeline import children

BUCKET = "prefect-results"


def kept() -> dict[str, bytes]:
    """Every object by its key."""
    names = [one.object_name for one in client("flows").list_objects(BUCKET, recursive=True)]
    return {name: client("flows").get_object(BUCKET, name).data for name in names}


def test_whatever_runs_keep_in_the_bucket_is_plain_json(prefect: Prefect, champion: str):
    assert prefect.until(prefect.start("patience/on-demand", seconds=1)) == "COMPLETED"

    assert len(kept()) >= 14  # a pipeline's
    assert [name for name, content in kept().items() if not planted.plain_json(content)] == []


def test_pickles_planted_in_the_place_of_all_results_run_in_no_flow(prefect: Prefect, champion: str):
    ending = planted.record_of_pickle((os._exit, (3,)))  # whoever unpickles it is gone
    for name in kept():
        client("flows").put_object(BUCKET, name, io.BytesIO(ending), len(ending))
    run_id = prefect.start("pipeline/daily")

    assert prefect.until(run_id, seconds=600) == "COMPLETED"
    assert prefect.until(prefect.start("pipeline/daily"), seconds=600) == "COMPLETED"
    assert "stored result is not ours" in "".join(prefect.logs(one) for one in [run_id, *children(prefect, run_id)])

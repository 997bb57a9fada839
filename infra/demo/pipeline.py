"""Runs the flows as a person does, `python -m flows pipeline`, and reads what they say at the end.

Their log lines and progress bars go to the terminal as they come; their result is one JSON object on stdout.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from infra.demo.failures import DemoError
from infra.demo.fleet import Fleet
from infra.demo.places import Places
from infra.demo.processes import Child
from infra.demo.relay import relayed

Result = dict[str, Any]  # {"ingest": [{"month", "rows", "cached", "seconds"}, …], "train": {…}, "validate": {…}, …}
NEEDED = ("ingest", "train", "validate", "model", "promote", "score")


def run(fleet: Fleet, places: Places, arguments: Sequence[str], environment: Mapping[str, str], lock: int) -> Result:
    """Run the whole pipeline; raise `DemoError` when it, or a part that it needs, fails."""
    log = places.log("flows")
    command = [sys.executable, "-m", "flows", "pipeline", *arguments]
    with relayed(log) as stderr:
        child = Child(
            "flows", command, environment=environment, log=log, lock=lock, stdout=places.result, stderr=stderr
        )
        with fleet.helped_by(child):
            fleet.until(lambda: child.status is not None)
    if child.status != 0:
        raise DemoError(
            f"the pipeline failed (exit status {child.status}); its lines are above and in {places.shown(log)}. "
            "Nothing half-made was kept: mend the cause and run it again."
        )
    return read(places.result.read_text())


def read(text: str) -> Result:
    """Return the flows' result, the JSON object at the end of *text*; raise `DemoError` when it is none.

    What comes before it are lines that libraries print, as MLflow does.
    """
    try:
        result = json.loads(text[max(text.find("\n{\n"), 0) :])
        missing = [key for key in NEEDED if key not in result]
    except (ValueError, TypeError) as error:
        raise DemoError(f"the flows ended well but said no result: {text[-200:]!r}") from error
    if missing:
        raise DemoError(f"the flows' result has no {', '.join(missing)}: {text[-200:]!r}")
    return dict(result)

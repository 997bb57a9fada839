"""Runs `prefect deploy` for the deployments of prefect.yaml, then drops old images from the registry.

ONLY=train deploys those of one flow. A flow file that cannot be parsed is named with its line and left out;
the others are deployed, and the exit code is 1.
The steps of each deployment (tag, build, push) stand in prefect.yaml.
"""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.setup.prune_images import prune_images

log = logging.getLogger("deploy")
CHOSEN = Path("/tmp/prefect.yaml")  # noqa: S108 - the one-shot's own


def main() -> int:
    """0 when every chosen deployment is registered."""
    project = yaml.safe_load(Path("prefect.yaml").read_text())
    only = os.environ.get("ONLY", "")
    chosen = [one for one in project["deployments"] if only in ("", _flow_of(one))]
    if not chosen:
        names = sorted({_flow_of(one) for one in project["deployments"]})
        log.error("prefect.yaml has no deployment of %r; it has those of %s", only, ", ".join(names))
        return 2
    sound = [one for one in chosen if _parses(_file_of(one))]
    CHOSEN.write_text(json.dumps(project | {"deployments": sound}))  # JSON is YAML without shared parts
    command = ["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(CHOSEN)]
    status = _run(command) if sound else 0
    if status == 0:
        prune_images(
            {_flow_of(one).replace("_", "-") for one in project["deployments"]},
            int(os.environ["KEEP_IMAGES"]),
        )
    return status or int(len(sound) < len(chosen))


def _run(command: list[str]) -> int:
    """One line per deployment; everything that was said when it fails."""
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or []:
            if not line.startswith("Pushing ["):
                said.append(line)
            if deployed := re.search(r"Deployment '(.+?)' success", line):
                log.info("deployed %s", deployed[1])
    if process.returncode:
        log.error("%s", "".join(said))
    return process.returncode


def _file_of(deployment: dict[str, Any]) -> Path:
    return Path(deployment["entrypoint"].rpartition(":")[0])


def _flow_of(deployment: dict[str, Any]) -> str:
    return _file_of(deployment).stem


def _parses(path: Path) -> bool:
    try:
        compile(path.read_text(), str(path), "exec")
    except (SyntaxError, OSError) as error:
        line = getattr(error, "lineno", None)
        log.error("%s%s: %s. This flow is not deployed; the others are.", path, f":{line}" if line else "", error)
        return False
    return True


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.exit(main())

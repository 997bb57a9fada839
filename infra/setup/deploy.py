"""Runs `prefect deploy` for those deployments of prefect.yaml that changed, then drops old images from the
registry.

A deployment's version is a hash of its image's content and of its lines in prefect.yaml; one that is registered
with that version, and whose image the registry holds, is left alone. ONLY=train deploys those of one flow.
A flow file that cannot be parsed is named with its line and left out; the others are deployed, and the exit
code is 1. The steps of each deployment (tag, build, push) stand in prefect.yaml.
"""

import hashlib
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.setup.deployed import api_client, deployments, in_registry
from infra.setup.flow_context import flow_context
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
    sound = [one | {"version": version} for one in chosen if (version := _version(one))]
    with api_client() as api:
        registered = deployments(api)
    changed = [one for one in sound if not _stands(one, registered)]
    CHOSEN.write_text(json.dumps(project | {"deployments": changed}))  # JSON is YAML without shared parts
    status = _run(["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(CHOSEN)]) if changed else 0
    if unchanged := len(sound) - len(changed):
        log.info("unchanged: %d", unchanged)
    if changed and status == 0:
        repositories = {_flow_of(one).replace("_", "-") for one in project["deployments"]}
        prune_images(repositories, int(os.environ["KEEP_IMAGES"]))
    return status or int(len(sound) < len(chosen))


def _version(deployment: dict[str, Any]) -> str:
    """Hash of all that makes the deployment; empty, with a line that says why, when its code cannot be parsed."""
    path = _file_of(deployment)
    try:
        tag = flow_context(path.stem)["tag"]
    except (SyntaxError, OSError) as error:
        line = getattr(error, "lineno", None)
        where = f"{getattr(error, 'filename', None) or path}{f':{line}' if line else ''}"
        log.error("%s: %s. The flow %s is not deployed; others are.", where, error, path.stem)
        return ""
    lines = json.dumps(deployment, sort_keys=True)
    return f"{tag}-{hashlib.sha256(lines.encode()).hexdigest()[:8]}"


def _stands(deployment: dict[str, Any], registered: dict[str, dict[str, Any]]) -> bool:
    """Whether the deployment is registered as it is wanted, and its image can be pulled."""
    name = f"{_flow_of(deployment).replace('_', '-')}/{deployment['name']}"
    found = registered.get(name, {"version": None})
    return found["version"] == deployment["version"] and in_registry(found["job_variables"]["image"])


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


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.exit(main())

"""How wrk is called: the machine's own where it is installed, else Debian's in an image of ours."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.engine import REMEDY, engine_runs

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
SCRIPT, IMAGE = FOLDER / "post.lua", "trainyard/wrk"


def is_here() -> bool:
    return shutil.which("wrk") is not None or engine_runs()


needs_wrk = pytest.mark.skipif(not is_here(), reason=f"needs wrk (apt-get install wrk), or {REMEDY}")


def command(url: str, bodies: Path, *, seconds: float, connections: int = 8) -> list[str]:
    """Post the lines of *bodies* to *url*; ends after *seconds* or at SIGINT.

    The last line of standard error is then: requests per second, median and 99th percentile in ms, failed requests.
    """
    arguments = ["-t1", f"-c{connections}", f"-d{seconds:.0f}", "-s", str(SCRIPT), url, "--", str(bodies)]
    if shutil.which("wrk"):
        return ["wrk", *arguments]
    volumes = [f"--volume={folder}:{folder}:ro" for folder in (FOLDER, bodies.resolve().parent)]
    return ["docker", "run", "--rm", "--network=host", *volumes, _image(), "wrk", *arguments]


@cache
def _image() -> str:
    subprocess.run([ROOT / "infra/base/build"], check=True)
    subprocess.run(["docker", "build", "--quiet", "--network=host", f"--tag={IMAGE}", FOLDER], check=True)
    return IMAGE

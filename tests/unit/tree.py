"""The repository as git sees it."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked(*patterns):
    """Paths of tracked files that are there, relative to the root."""
    command = ["git", "-C", ROOT, "ls-files", "-z", "--", *patterns]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return [Path(name) for name in names if name and (ROOT / name).is_file()]


def syntax(path):
    return ast.parse((ROOT / path).read_text())

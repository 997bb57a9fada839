"""What a result was made from, as one short text: the key under which it may be used again."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path

_CODE = Path(__file__).parent


@cache
def code() -> str:
    """Return a hash of the data path's own source, so that changed code never meets old results."""
    digest = hashlib.sha256()
    for path in sorted(_CODE.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def fingerprint(*parts: object) -> str:
    """Return the key of a result made from *parts* (names, checksums, settings) by today's code."""
    return hashlib.sha256(repr((code(), *parts)).encode()).hexdigest()


@cache
def commit() -> str:
    """Return the git commit of the working copy, or `unknown` outside of one (an image has it as a file)."""
    stamp = _CODE.parent.parent / "COMMIT"
    if stamp.is_file():
        return stamp.read_text().strip()
    try:
        found = subprocess.run(["git", "-C", _CODE, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()

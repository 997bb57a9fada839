"""A step of prefect.yaml: the tag of a deployment's image is a hash of everything that goes into it.

The same content has the same tag on every machine that has the same base image, so an unchanged deployment
changes nothing.
"""

import hashlib
from pathlib import Path

import docker

BASE = "trainyard/flows"


def content_tag(flow: str) -> dict[str, str]:
    """`flow` as in the build argument FLOW; returns {"tag": 16 hexadecimal digits}."""
    root = Path("flows")
    files = [root / "Dockerfile", root / "__init__.py", *root.glob("trips/**/*.py"), *root.glob(f"{flow}.py")]
    digest = hashlib.sha256(docker.from_env().images.get(BASE).id.encode())
    for path in sorted(files):
        digest.update(f"{path}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return {"tag": digest.hexdigest()[:16]}

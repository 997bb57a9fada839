"""A step of prefect.yaml: gathers what one flow's image is made of, and names it by a hash of that.

The files are flows/Dockerfile, the flow's own file, flows/engine.py, which runs it, the files of flows/ that
these import, directly or through others, and the whole of flows/trips, whose checksum tells cached results
apart. The same content has the same tag on every machine with the same base image, so a change of one flow makes
new images only for the deployments that contain it.
"""

import ast
import hashlib
import os
import shutil
from pathlib import Path

import docker

BASE = "trainyard/flows"
CONTEXTS = Path("/tmp/contexts")  # noqa: S108 - the one-shot's own


def flow_context(flow: str) -> dict[str, str]:
    """Return the build context of flows/<flow>.py: {"path": folder, "tag": 16 hexadecimal digits}."""
    root = Path("flows")
    files = {root / "Dockerfile", root / "__init__.py", *root.glob("trips/**/*.py")}
    files |= _with_imports(root / f"{flow}.py", set()) | _with_imports(root / "engine.py", set())
    commit = os.environ.get("COMMIT", "unknown")
    digest = hashlib.sha256(f"{docker.from_env().images.get(BASE).id} {commit}".encode())
    context = CONTEXTS / flow
    shutil.rmtree(context, ignore_errors=True)
    for path in sorted(files):
        digest.update(f"{path}\0{path.stat().st_size}\0".encode() + path.read_bytes())
        (context / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, context / path)
    (context / "COMMIT").write_text(commit)
    return {"path": str(context), "tag": digest.hexdigest()[:16]}


def _with_imports(path: Path, seen: set[Path]) -> set[Path]:
    """The file and every file of flows/ that it imports; those of packages below come whole, elsewhere."""
    seen.add(path)
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("flows"):
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        elif isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        else:
            continue
        for imported in (Path(f"{name.replace('.', '/')}.py") for name in names if name.startswith("flows.")):
            if imported.exists() and imported not in seen:
                _with_imports(imported, seen)
    return seen

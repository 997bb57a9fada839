"""What programs are handed as arguments, which every user of a machine can read while they run."""

import os
from pathlib import Path


def recorded(folder: Path) -> tuple[dict[str, str], Path]:
    """Return an environment in which every program of PATH writes its arguments to a file first, and that file."""
    log, shims = folder / "arguments", folder / "shims"
    shims.mkdir(parents=True)
    log.touch()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):  # so that the first one of a name wins
        for program in Path(place).glob("*"):
            if program.is_file() and os.access(program, os.X_OK):
                shim = shims / program.name
                shim.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >>"{log}"\nexec "{program}" "$@"\n')
                shim.chmod(0o755)
    return {"PATH": str(shims)}, log

"""`make bench [ONLY=name]`: runs each measurement of this folder, or the one named, as a program of its own."""

import subprocess
import sys
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))

if __name__ == "__main__":
    chosen = sys.argv[1:] or NAMES
    if unknown := set(chosen) - set(NAMES):
        sys.exit(f"There is no measurement {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    sys.exit(max(subprocess.call([sys.executable, "-m", f"tests.bench.{name}"]) for name in chosen))

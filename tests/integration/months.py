"""Small months cut from the real ones, for tests that need a whole path but not every row."""

from pathlib import Path

import pyarrow.parquet as pq

from flows.trips.source import file_name

DATA = Path(__file__).parents[2] / "data"


def cut(folder: Path, rows: int = 3000, months: tuple[str, ...] = ("2023-01", "2023-02")) -> Path:
    """Write the first *rows* trips of each of *months* into *folder*, as the city names its files; return *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for month in months:
        pq.write_table(pq.read_table(DATA / file_name(month)).slice(0, rows), folder / file_name(month))
    return folder

"""A progress bar on a terminal, nothing elsewhere."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
from tqdm import tqdm


def counted(batches: Iterable[pa.RecordBatch], what: str, total: int) -> Iterator[pa.RecordBatch]:
    """Yield *batches* unchanged while a bar named *what* moves towards *total* rows."""
    with tqdm(desc=what, total=total, unit=" rows", unit_scale=True, disable=None, leave=False) as bar:
        for batch in batches:
            yield batch
            bar.update(batch.num_rows)

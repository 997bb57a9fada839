"""Trained models as files in the lake, each under the SHA-256 of its bytes: an address that tells what must be there.

Who holds the checksum needs no trust in the place: bytes that do not fit it are as good as absent.
"""

from hashlib import sha256
from typing import Annotated

from pydantic import StringConstraints

from flows.trips import lake
from flows.trips.settings import command

Checksum = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]  # SHA-256, hexadecimal


def store(lake_url: str, graph: bytes) -> Checksum:
    """Put a model into the lake, all or nothing; return its checksum."""
    checksum = sha256(graph).hexdigest()
    lake.write_bytes(lake_url, lake.model_key(checksum), graph)
    return checksum


def found(lake_url: str, checksum: Checksum) -> bytes | None:
    """Return the model with this *checksum*, or None: the file is absent, or its bytes are not those of the model."""
    graph = lake.read_bytes(lake_url, lake.model_key(checksum))
    return graph if graph is not None and sha256(graph).hexdigest() == checksum else None


def required(lake_url: str, checksum: Checksum) -> bytes:
    """Return the model with this *checksum*, or raise `lake.LakeError` that says how to get it there."""
    graph = found(lake_url, checksum)
    if graph is None:
        raise lake.LakeError(
            f"{lake_url}/{lake.model_key(checksum)} is absent, or was changed since it was written; "
            f"make it again: {command('train')}"
        )
    return graph

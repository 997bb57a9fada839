"""The secret files that Compose mounts, read by name."""

from pathlib import Path

FOLDER = Path("/run/secrets")


def secret(name: str) -> str:
    """The content of the secret file `name`."""
    return (FOLDER / name).read_text().strip()

"""API keys: a file of names, roles and hashes. To make one:
`python -m services.model_server.keys FILE NAME [admin]`.

The file is read again when it changes, so a key is revoked by deleting its line.
Keys are random and long, so a plain hash is safe.
"""

import hashlib
import hmac
import logging
import secrets
import sys
from pathlib import Path
from wsgiref.types import WSGIEnvironment

from services.model_server.problems import Problem

ROLES = ("predict", "admin")


class Keys:
    """The keys in *path*; without a path everybody may predict. *token* is one more admin key."""

    def __init__(self, path: str, token: str = "") -> None:
        self._path, self._mark = Path(path) if path else None, -1
        self._token = digest(token) if token else None
        self._roles: dict[str, str] = {}
        self.refresh()

    @property
    def locked(self) -> bool:
        """True when a key is needed to predict."""
        return self._path is not None

    def refresh(self) -> None:
        """Read the file again when it has changed; one that cannot be read lets nobody in."""
        if self._path is None:
            return
        mark = self._path.stat().st_mtime_ns if self._path.exists() else 0
        if mark != self._mark:
            lines = self._path.read_text().splitlines() if mark else []
            words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
            self._roles = {hash_: role for _, role, hash_ in (w for w in words if len(w) == 3) if role in ROLES}
            self._mark = mark

    def require(self, environ: WSGIEnvironment, role: str) -> None:
        """Raise Problem 401 or 403 unless the request has a key for *role*; an admin may predict too."""
        if role == "predict" and not self.locked:
            return
        kind, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        given = digest(key.strip()) if kind.lower() == "bearer" else digest(environ.get("HTTP_X_API_KEY", ""))
        held = self._roles.get(given)
        if self._token and hmac.compare_digest(given, self._token):
            held = "admin"
        if held is None:
            detail = "Send a known API key as the header 'Authorization: Bearer KEY'."
            raise Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
        if role == "admin" and held != "admin":
            raise Problem(403, "forbidden", "This key may predict; this route needs a key of the role admin.")


def digest(key: str) -> str:
    """The hash under which *key* is kept."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


def add(path: Path, name: str, role: str) -> str:
    """Append a new key for *name* and return it: it is shown once and stored nowhere."""
    key = f"ty_{secrets.token_urlsafe(24)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("a") as file:
        file.write(f"{name} {role} {digest(key)}\n")
    return key


def main(arguments: list[str]) -> int:
    """Make a key and write it to standard output."""
    if len(arguments) not in (2, 3) or arguments[2:] not in ([], ["admin"]) or " " in arguments[1]:
        logging.error("usage: python -m services.model_server.keys FILE NAME [admin]")
        return 2
    sys.stdout.write(add(Path(arguments[0]), arguments[1], arguments[2] if arguments[2:] else "predict") + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

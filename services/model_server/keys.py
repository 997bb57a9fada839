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

from services.model_server import releases
from services.model_server.problems import Problem

ROLES = ("predict", "admin")
log = logging.getLogger("model_server.keys")


class Keys:
    """The keys in *path*; without a path everybody may predict. *token* is one more admin key."""

    def __init__(self, path: str, token: str = "") -> None:
        self._path, self._trouble = Path(path) if path else None, ""
        self._mark: releases.Mark | None = None  # of the file when it was last read
        self._token = digest(token) if token else None
        self._roles: dict[str, str] = {}
        self.refresh()

    @property
    def locked(self) -> bool:
        """True when a key is needed to predict."""
        return self._path is not None

    def refresh(self) -> None:
        """Read the file again when it, or who may read it, has changed; one that cannot be read lets nobody in."""
        if self._path is None:
            return
        mark = releases.mark(self._path)
        if mark is not None and mark == self._mark:
            return
        try:
            self._roles, self._mark, trouble = _roles(self._path), mark, ""
        except (OSError, ValueError) as error:  # not there, not to be read, or no text in UTF-8
            self._roles, self._mark, trouble = {}, None, str(error)
        if trouble and trouble != self._trouble:
            log.error("event=keys_not_read error=%r effect='nobody is let in'", trouble)
        self._trouble = trouble

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


def _roles(path: Path) -> dict[str, str]:
    words = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip() and line[0] != "#"]
    return {hash_: role for _, role, hash_ in (w for w in words if len(w) == 3) if role in ROLES}


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

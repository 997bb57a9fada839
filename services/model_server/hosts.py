"""Who is spoken to: the Host names that this server answers for, and whose pages may send to it.

A page of any site can have its own name point at this machine (DNS rebinding); its requests then carry that name.
An address in figures cannot be pointed elsewhere, so every one is answered for.
"""

import ipaddress
from collections.abc import Mapping

from services.model_server.problems import Problem

REMEDY = "add it to MODEL_SERVER_ALLOWED_HOSTS, or use a name or address that is there"
MOST_KNOWN = 100  # spellings that are remembered
SHOWN = 100  # characters of a refused name


class Hosts:
    """*allowed*: names, separated by commas, each for every port or, as NAME:PORT, for one."""

    def __init__(self, allowed: str) -> None:
        self._names = frozenset(name.strip().lower() for name in allowed.split(",") if name.strip())
        self._known: set[str] = set()  # what was found to be allowed, as it was spelt: one look for a request

    def require(self, environ: Mapping[str, str]) -> None:
        """Raise Problem 421 for a Host that is not allowed."""
        host = environ.get("HTTP_HOST", "")
        if host in self._known:
            return
        if not self.named(host) and not _is_address(host):
            detail = f"This server does not answer for the host {host[:SHOWN]!r}: {REMEDY}."
            raise Problem(421, "unknown-host", detail)
        if len(self._known) < MOST_KNOWN:
            self._known.add(host)

    def require_own_page(self, environ: Mapping[str, str]) -> None:
        """Raise Problem 403 for a request that a browser sends for the page of another site; others name no origin."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            if environ.get("HTTP_SEC_FETCH_SITE", "none") in ("none", "same-origin"):
                return
        else:
            place = origin.partition("://")[2]
            if place and (place.lower() == environ.get("HTTP_HOST", "").lower() or self.named(place)):
                return
        detail = f"A page of {(origin or 'another site')[:SHOWN]!r} may not send to this server: {REMEDY}."
        raise Problem(403, "other-site", detail)

    def named(self, host: str) -> bool:
        """Whether *host*, with or without a port, is one of the names."""
        host = host.lower()
        return host in self._names or _without_port(host) in self._names


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() and port.isascii() else host).removesuffix(".")


def _is_address(host: str) -> bool:
    name = _without_port(host)
    try:
        ipaddress.ip_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
    except ValueError:
        return False
    return True

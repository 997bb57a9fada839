"""Asks whether the other parts of the stack answer, for the home page; only the follower does."""

import requests

from services.model_server.releases import LinkState
from services.model_server.settings import Link

PATIENCE_SECONDS = 1.0


def look(link: Link) -> LinkState:
    """Up when anything answers that is not a server's failure."""
    try:
        answer = requests.get(link.probe, timeout=PATIENCE_SECONDS, stream=True)
        state = "up" if answer.status_code < 500 else "down"
        answer.close()
    except requests.RequestException:
        state = "down"
    return LinkState(link.name, link.url, state)

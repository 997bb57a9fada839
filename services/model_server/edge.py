"""The way in: every request gets an id and a note, shows its key, and goes on to Flask.

Predictions go straight to their view: Flask's way there takes longer than a prediction does.
"""

import itertools
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from services.model_server.hosts import Hosts
from services.model_server.keys import Keys
from services.model_server.metrics import METHODS
from services.model_server.notes import KEY, Note, Notes
from services.model_server.problems import REMEDIES, Problem, problem

ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
View = Callable[[WSGIEnvironment], WSGIApplication]


class Edge:
    """WSGI middleware around *flask*; *predictions* are the views of a POST to exactly these paths."""

    def __init__(
        self, flask: WSGIApplication, predictions: Mapping[str, View], *, keys: Keys, hosts: Hosts, notes: Notes
    ) -> None:
        self._flask, self._predictions = flask, predictions
        self._keys, self._hosts, self._notes = keys, hosts, notes
        self._prefix, self._numbers = os.urandom(6).hex(), itertools.count()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, with the request's id in the headers, and note how it went."""
        begun = time.perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID")
        note = Note(given if given and ID.fullmatch(given) else f"{self._prefix}-{next(self._numbers):x}", environ)
        environ[KEY] = note

        def start(status: str, headers: list[tuple[str, str]], error: Any = None, /) -> Callable[[bytes], object]:  # noqa: ANN401
            note.status = int(status[:3])
            if rule := getattr(environ.get("werkzeug.request"), "url_rule", None):  # it is gone before we return
                note.route = rule.rule
            headers.append(("X-Request-Id", note.id))
            return start_response(status, headers, error)

        try:
            return self._respond(environ, note)(environ, start)
        finally:
            note.seconds = time.perf_counter() - begun
            self._notes.add(note)

    def _respond(self, environ: WSGIEnvironment, note: Note) -> WSGIApplication:
        """What answers: reading is open to all, whoever sends something must have a key and no foreign page."""
        path = environ["PATH_INFO"]
        try:
            self._hosts.require(environ)
            if environ["REQUEST_METHOD"] != "POST":
                if environ["REQUEST_METHOD"] not in METHODS:  # Flask would take "post" for POST, behind the key's back
                    raise Problem(405, "http-405", REMEDIES[405], headers={"Allow": ", ".join(METHODS)})
                return self._flask
            self._hosts.require_own_page(environ)
            self._keys.require(environ, "predict")
            view = self._predictions.get(path)
            if view is None:
                return self._flask
            note.route = path
            return view(environ)
        except Exception as error:  # as Flask does for its views: the client gets a document, the log the rest
            return problem(error).response(path)

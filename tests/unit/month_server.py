"""A real HTTP server on this machine that holds one file, with the faults of real ones on request."""

import gzip
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@contextmanager
def serving(content, *, status=200, cut=(), ranges=True, length=True):
    """Yield the URL and a list of the `Range` headers seen; answer n sends only `cut[n]` bytes, then hangs up."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked, limit = self.headers["Range"], (list(cut) + [None] * 9)[len(seen)]
            seen.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and ranges else 0
            body = content[start:]
            if "gzip" in self.headers["Accept-Encoding"]:
                body = gzip.compress(body)
            self.send_response(206 if 0 < start < len(content) else 416 if start else status)
            if "gzip" in self.headers["Accept-Encoding"]:
                self.send_header("Content-Encoding", "gzip")
            if length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:limit])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()

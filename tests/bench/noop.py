"""The framework's own speed: one Flask route that does nothing, on the same server with the same options."""

from flask import Flask

app = Flask("noop")


@app.post("/noop")
def noop() -> str:
    """Answer without looking."""
    return "ok"

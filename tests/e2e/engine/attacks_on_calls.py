"""Calls that a role may not make, or not about this container or image, or not with this query, version or body."""

import json
from collections.abc import Iterator

from tests.e2e.engine.requests import ENTRIES, FORM, JSON, TAR, VERSION, Attack, World, create_body, http
from tests.e2e.stack import PROJECT

ANY_ID = "a" * 64
PRIVILEGED = json.dumps({"HostConfig": {"Privileged": True, "Binds": ["/:/host"]}}).encode()


def containers(w: World) -> Iterator[Attack]:
    """Calls about containers, by both entries."""
    for entry in ENTRIES:
        for method, path in (
            ("GET", "/containers/json"),
            ("GET", "/containers/json?all=1"),
            ("GET", f"/containers/{PROJECT}-postgres-1/json"),
            ("GET", f"/containers/{w.foreign}/json"),
            ("GET", f"/containers/{w.foreign}/logs?stderr=1&stdout=1&timestamps=0&follow=0&tail=all"),
            ("POST", f"/containers/{w.foreign}/stop"),
            ("POST", f"/containers/{w.foreign}/kill"),
            ("POST", f"/containers/{w.foreign}/start"),
            ("DELETE", f"/containers/{w.foreign}"),
            ("DELETE", f"/containers/{w.flow}"),
            ("DELETE", f"/containers/{w.ended}?force=1"),
            ("DELETE", f"/containers/{w.ended}?v=1"),
            ("POST", f"/containers/{w.flow}/exec"),
            ("POST", f"/containers/{w.flow}/attach?stream=1&stdin=1"),
            ("POST", f"/containers/{w.flow}/update"),
            ("POST", f"/containers/{w.flow}/rename?name=attack"),
            ("POST", f"/containers/{w.flow}/start?checkpoint=x"),
            ("POST", f"/containers/{w.flow}/stop?t=-1"),
            ("POST", f"/containers/{w.flow}/stop?t=1&t=2"),
            ("POST", f"/containers/{w.flow}/kill?signal=9"),
            ("POST", f"/containers/{w.flow}/wait?condition=removed"),
            ("GET", f"/containers/{w.flow}/archive?path=/"),
            ("PUT", f"/containers/{w.flow}/archive?path=/"),
            ("GET", f"/containers/{w.flow}/json?size=1"),
            ("GET", f"/containers/{w.flow[:12]}/stats"),
            ("POST", f"/commit?container={w.flow}&repo=attack"),
            ("POST", "/containers/prune"),
        ):
            yield f"{entry}: {method} {path}", entry, http(method, VERSION + path)


def of_the_worker(w: World) -> Iterator[Attack]:
    body = json.dumps(create_body(w.registry)).encode()
    pull = f"/images/create?tag=attack&fromImage={w.encoded_registry}none"
    for method, path in (
        ("GET", "/volumes"),
        ("GET", "/networks"),
        ("GET", "/info"),
        ("GET", "/secrets"),
        ("GET", "/events"),
        ("POST", "/build"),
        ("POST", "/session"),
        ("POST", "/images/create?fromImage=debian&tag=latest"),
        ("POST", f"/images/create?tag=a&fromImage={w.registry}../x"),
        ("POST", f"{pull}&fromSrc=-"),
        ("POST", f"{pull}&fromImage=debian"),
        ("POST", f"{pull}%26fromSrc=-"),
        ("POST", f"{pull};fromSrc=-"),
        ("POST", pull.replace("fromImage", "FromImage")),
        ("POST", pull.replace("fromImage", "from%49mage")),
        ("POST", pull.replace("none", "none%40sha256%3A0")),
        ("POST", pull.replace("%3A", ":")),
        ("POST", f"/images/create?tag=attack&repo={w.encoded_registry}none&fromSrc=http%3A%2F%2F127.0.0.1"),
        ("GET", "/_ping/../containers/json"),
        ("GET", "//containers/json"),
        ("GET", "/containers%2fjson"),
        ("GET", "/images/debian:trixie-slim/json"),
        ("GET", f"/images/{w.built}/json"),
    ):
        yield f"{method} {path}", "worker", http(method, VERSION + path)
    for text, kind in ((PRIVILEGED, JSON), (b"fromSrc=-&repo=attack", FORM), (b"\0" * 512, TAR)):
        yield f"a pull with a body, {kind[0]}", "worker", http("POST", VERSION + pull, text, *kind)
    for version in ("", "/v1.12", "/v1.24", "/v1.40", "/v1.99", "/v01.41", "/v1.041", "/V1.41", "/v1.41/v1.24"):
        path = f"{version}/containers/{w.flow}/start"
        yield f"POST {path} with a HostConfig", "worker", http("POST", path, PRIVILEGED, *JSON)
        yield f"create by {version}", "worker", http("POST", f"{version}/containers/create?name=attack", body, *JSON)
    yield "start with a HostConfig", "worker", http("POST", f"{VERSION}/containers/{w.flow}/start", PRIVILEGED, *JSON)


def of_deploy(w: World) -> Iterator[Attack]:
    tag = f"/images/{w.foreign_image}/tag"
    ours = f"/images/{w.built}/tag"
    named = f"repo={w.encoded_registry}attack&force=0"
    for method, path in (
        ("POST", "/containers/create"),
        ("POST", f"/containers/{ANY_ID}/start"),
        ("GET", "/volumes"),
        ("POST", "/build/prune"),
        ("POST", "/images/load"),
        ("POST", "/images/prune"),
        ("GET", "/images/json"),
        ("GET", f"/images/{w.foreign_image}/json"),
        ("GET", f"/images/{w.built}/get"),
        ("DELETE", "/images/trainyard/postgres:latest?force=False&noprune=True"),
        ("DELETE", f"/images/{w.built}?force=False&noprune=True"),
        ("DELETE", f"/images/{w.registry}patience:none?force=True&noprune=True"),
        ("DELETE", f"/images/{w.registry}patience:none"),
        ("POST", f"{tag}?tag=attack&{named}"),  # an image that was not built from the base
        ("POST", f"{ours}?repo=trainyard/postgres&tag=attack&force=0"),
        ("POST", f"{ours}?tag=attack&{named}&repo=attack"),
        ("POST", f"{ours}?tag=attack&{named}%26repo=attack"),
        ("POST", f"{ours}?tag=attack&{named};repo=attack"),
        ("POST", f"{ours}?tag=a/b&{named}"),
        ("POST", f"/images/trainyard/s3/tag?tag=attack&{named}"),
        ("POST", "/images/debian/push?tag=trixie-slim"),
        ("POST", f"/images/{w.registry}none/push"),
        ("POST", f"/images/{w.registry}../x/push?tag=none"),
        ("POST", "/images/localhost:5000/trainyard/none/push?tag=none"),
        ("GET", "/containers/json?all=1&filters=%7B%7D"),
        ("GET", '/containers/json?all=1&filters={"label":["io.prefect.flow-run-id"]}'),
    ):
        yield f"{method} {path}", "deploy", http(method, VERSION + path)
    for body in (b"repo=attack&tag=attack", b"repo=attack", b"tag=attack"):
        yield f"tag with the form {body!r}", "deploy", http("POST", f"{VERSION}{ours}?tag=attack&{named}", body, *FORM)
        push = f"{VERSION}/images/{w.registry}none/push?tag=none"
        yield f"push with the form {body!r}", "deploy", http("POST", push, body, *FORM)
    yield "a log-in with a push", "deploy", http("POST", push, b"{}", *JSON, "X-Registry-Auth: e30=")

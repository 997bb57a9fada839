"""Containers that are not locked down, each by one change, and texts that two parsers may read in two ways."""

import json
from collections.abc import Iterator

from tests.e2e.engine.requests import FORM, JSON, VERSION, Attack, World, create, create_body, http
from tests.e2e.stack import PROJECT


def creations(w: World) -> Iterator[Attack]:
    """Containers that are not locked down, each by one change."""
    host = [
        {"Privileged": True},
        {"Binds": ["/:/host"]},
        {"Binds": [f"{PROJECT}_postgres:/data"]},
        {"Binds": [f"{PROJECT}_flow-secrets:/run/secrets"]},
        {"Binds": [f"{PROJECT}_flow-secrets:/run/secrets:ro", f"{PROJECT}_engine-deploy:/x"]},
        {"NetworkMode": "host"},
        {"NetworkMode": f"{PROJECT}_registry"},
        {"NetworkMode": f"container:{w.foreign}"},
        {"PidMode": "host"},
        {"IpcMode": "host"},
        {"UsernsMode": "host"},
        {"CapDrop": []},
        {"CapAdd": ["SYS_ADMIN"]},
        {"SecurityOpt": []},
        {"SecurityOpt": ["no-new-privileges:true", "seccomp=unconfined"]},
        {"Devices": [{"PathOnHost": "/dev/vda"}]},
        {"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]},
        {"VolumesFrom": [w.foreign]},
        {"RestartPolicy": {"Name": "always"}},
        {"PortBindings": {"80/tcp": [{"HostPort": "80"}]}},
        {"ExtraHosts": ["prefect:127.0.0.1"]},
        {"Runtime": "other"},
        {"CgroupParent": "/"},
        *({"Memory": n, "MemorySwap": n} for n in (0, -1, 1, 2**26 - 1, 2**50, 2**63)),
        {"MemorySwap": -1},
        {"MemorySwap": 2**31},
        {"Memory": 1e9, "MemorySwap": 1e9},
        *({"PidsLimit": n} for n in (0, -1, 4097, 2**40, None, "512", True)),
        {"ReadonlyRootfs": False},
        {"LogConfig": {"Type": "syslog", "Config": {"syslog-address": "tcp://127.0.0.1:1"}}},
        {"LogConfig": {"Type": "json-file", "Config": {}}},
        {"LogConfig": {"Type": "json-file", "Config": {"max-size": "10t", "max-file": "3"}}},
        {"Tmpfs": {"/tmp": "size=512m,exec"}},
        {"Tmpfs": {"/tmp": "size=512m", "/srv": ""}},
    ]
    changes = [
        *({"HostConfig": one} for one in host),
        *({"Image": i} for i in ("debian:trixie-slim", "trainyard/flows", f"{w.registry}x", f"{w.registry}x@sha256:1")),
        {"Image": w.built},
        {"User": "root"},
        {"Entrypoint": ["sh"]},
        {"Cmd": "true"},
        {"Cmd": ["a\0b"]},
        {"NetworkingConfig": {f"{PROJECT}_registry": None}},
        {"NetworkingConfig": {"EndpointsConfig": {"bridge": {}}}},
        {"hostconfig": {"Privileged": True}},
        {"Env": ["PREFECT_API_AUTH_STRING=admin:x"]},
        {"Env": ["prefect_api_auth_string=admin:x"]},
        {"Env": ["A"]},
        {"Env": [f"A{n}=" for n in range(201)]},
        {"Labels": {"a": "b"}},
        *(
            {"Labels": labels(k)}
            for k in ("com.docker.compose.project", "io.prefect.", "IO.PREFECT.x", "io.prefect.x\n")
        ),
        {"Labels": {"io.prefect.flow-run-id": "none"}},
        {"Labels": labels("io.prefect.x", "a" * 130_000)},
        {"Labels": labels("io.prefect.x", "a" * 513)},
        {"Volumes": {"/run/secrets": {}, "/srv": {}}},
        {"Tty": None},
    ]
    for change in changes:
        yield f"create with {str(change)[:90]}", "worker", create(create_body(w.registry, **change))
    for name in ("a/../b", "a%20b", "a&name=b", "a;b", "", "a" * 300, "a&platform=linux"):
        body = json.dumps(create_body(w.registry)).encode()
        yield (
            f"create with name={name[:20]}",
            "worker",
            http("POST", f"{VERSION}/containers/create?name={name}", body, *JSON),
        )


def labels(name: str, value: str = "b") -> dict[str, str]:
    return {"io.prefect.flow-run-id": "3a6f2c40-de17-4b7e-b4f5-4c0bd3010aec", name: value}


def bent_json(w: World) -> Iterator[Attack]:
    """Texts that one parser may read as the good container and another as a privileged one."""
    text = json.dumps(create_body(w.registry))
    bent = {
        "a second HostConfig in other letters": text[:-1] + ', "HostConfig": {"Privileged": true}}',
        "hostConfig after HostConfig": text[:-1] + ', "hostConfig": {"Privileged": true}}',
        "the same, escaped": text.replace('"HostConfig"', '"\\u0048ostConfig": {"Privileged": true}, "HostConfig"'),
        "a Kelvin sign in a field's name": text.replace('"NetworkMode"', '"Networ\u212aMode": "host", "NetworkMode"'),
        "Privileged before CapDrop": text.replace('"CapDrop"', '"Privileged" : true, "CapDrop"'),
        "two texts": text + text,
        "something behind the text": text + "x",
        "a HostConfig out of Env": text.replace('"A=b"', '"A=b"], "HostConfig": {"Privileged": true}, "Env": ["A=b"'),
        "Memory twice": text.replace('"Memory":', '"Memory": 0, "Memory":'),
        "Memory as a fraction": text.replace('"PidsLimit": 512', '"PidsLimit": 512.0'),
        "a comment": text.replace('"Tty"', '/* */ "Tty"'),
        "no text": "{}",
        "null": "null",
        "a list": f"[{text}]",
        "a text in a text": json.dumps(text),
        "a byte order mark": "\ufeff" + text,
        "half a surrogate": text.replace("A=b", "A=\\ud800"),
        "a deep list": text.replace('["A=b"]', "[" * 12_000 + "]" * 12_000),
    }
    for name, body in bent.items():
        yield name, "worker", create(body)
    latin = text.replace("A=b", "A=é").encode("latin-1")
    yield "not UTF-8", "worker", http("POST", f"{VERSION}/containers/create?name=attack", latin, *JSON)
    wide = text.encode("utf-16")
    yield "UTF-16", "worker", http("POST", f"{VERSION}/containers/create?name=attack", wide, *JSON)
    yield "create as a form", "worker", http("POST", f"{VERSION}/containers/create", text.encode(), *FORM)

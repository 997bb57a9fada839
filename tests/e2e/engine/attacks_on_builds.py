"""Builds by another Dockerfile, of other files, or with other options than the project's."""

import gzip
import tarfile
from collections.abc import Iterator

from tests.e2e.engine.requests import FORM, TAR, Attack, World, build, context, files, member


def queries(w: World) -> Iterator[Attack]:
    """Options of a build, and how its body is announced."""
    sent = context()
    for more in (
        {"t": "attack"},
        {"networkmode": "host"},
        {"remote": "https%3A%2F%2Fexample.org"},
        {"%6eetworkmode": "host"},
        {"Networkmode": "host"},
        {"extrahosts": "a:127.0.0.1"},
        {"buildargs": "%7B%22A%22%3A%22b%22%7D"},
        {"cachefrom": "%5B%5D"},
        {"version": "2"},
        {"session": "x"},
        {"outputs": "x"},
        {"dockerfile": "Dockerfile"},
        {"dockerfile": "http%3A%2F%2F127.0.0.1%3A2375"},
        {"pull": "True"},
        {"nocache": "False%26networkmode=host"},
        {"nocache": "False;networkmode=host"},
        {"labels": "%7B%22com.docker.compose.project%22%3A+%22x%22%7D"},
        {"labels": "%7B%22io.prefect.version%22%3A+%223%22%2C%22a%22%3A%22b%22%7D"},
    ):
        yield f"build with {more}", "deploy", build(sent, **more)
    for headers in (
        FORM,
        ("Content-Type: application/x-tar",),
        ("Content-Type: application/tar; charset=x",),
        (*TAR, "Content-Type: application/x-www-form-urlencoded"),
        (*TAR, "Content-Encoding: gzip"),
        (*TAR, "X-Registry-Config: e30="),
        (*TAR, "Content_Type: application/x-www-form-urlencoded"),
        ("content-type : application/tar",),
    ):
        yield f"build with {headers}", "deploy", build(sent, *headers)
    yield "build with a form body", "deploy", build(b"remote=http://127.0.0.1:2375/", *FORM)


def contexts(w: World) -> Iterator[Attack]:
    """Build contexts that hold anything but the project's Dockerfile and Python files of flows/."""
    own = files()["flows/Dockerfile"]
    added = b"FROM trainyard/flows\nADD http://127.0.0.1:2375/ /x\n"
    link = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}
    hard = {"type": tarfile.LNKTYPE, "linkname": "COMMIT"}
    overridden = {"pax_headers": {"path": "Dockerfile"}}

    def with_(*args: object, **fields: object) -> bytes:
        info, content = member(*args, **fields)
        return context((info, content.read()))

    def instead(content: bytes, name: str = "flows/Dockerfile", **fields: object) -> bytes:
        info, stream = member(name, content, **fields)
        return context((info, stream.read()), without="flows/Dockerfile")

    tars = {
        "ADD of an address": instead(added),
        "one more line": instead(own + b"RUN true\n"),
        "RUN with a mount": instead(b"FROM trainyard/flows\nRUN --mount=type=bind,target=/x true\n"),
        "no Dockerfile": context(without="flows/Dockerfile"),
        "a second Dockerfile": with_("Dockerfile", added),
        "./Dockerfile": with_("./Dockerfile", added),
        "flows/Dockerfile twice": with_("flows/Dockerfile", added),
        "./flows/Dockerfile": with_("./flows/Dockerfile", added),
        "flows//Dockerfile": with_("flows//Dockerfile", added),
        "flows/dockerfile": with_("flows/dockerfile", added),
        "flows/Dockerfile.dockerignore": with_("flows/Dockerfile.dockerignore", b"*"),
        ".dockerignore": with_(".dockerignore", b"*"),
        "a symbolic link": with_("flows/a.py", **link),
        "the Dockerfile as a symbolic link": instead(b"", **link),
        "a hard link": with_("flows/a.py", **hard),
        "a device": with_("flows/a.py", type=tarfile.BLKTYPE, devmajor=8),
        "a pipe": with_("flows/a.py", type=tarfile.FIFOTYPE),
        "an absolute path": with_("/etc/a.py"),
        "a path with ..": with_("flows/../../a.py"),
        "a path that overrides another": with_("flows/a.py", added, **overridden),
        "a size that overrides another": with_("flows/a.py", b"", pax_headers={"size": "9"}),
        "an extended attribute": with_("flows/a.py", b"", pax_headers={"SCHILY.xattr.security.capability": "x"}),
        "a header for all": context(format=tarfile.PAX_FORMAT, pax_headers={"path": "Dockerfile"}),
        "a sparse file": with_("flows/a.py", b"", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.realsize": "1"}),
        "a line feed in a name": with_("flows/a\n.py"),
        "another file": with_("flows/a.sh", b"x"),
        "a second tar behind the first": context() + instead(added),
        "5 MB": with_("flows/a.py", b"\0" * 5_000_000),
        "too many files": context(*((member(f"flows/a{n}.py")[0], b"") for n in range(1001))),
        "half a tar": context()[:700],
        "no tar": b"x" * 2048,
        "an empty body": b"",
        "gzip": gzip.compress(context()),
        "a zip bomb": gzip.compress(b"\0" * 50_000_000),
        "a file over its end": context()[:1024] + b"\xff" * 512,
    }
    for name, body in tars.items():
        yield f"build of {name}", "deploy", build(body)
    yield "build of an address", "deploy", build(b"", remote="http%3A%2F%2F127.0.0.1%3A2375%2F")

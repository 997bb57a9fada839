"""Nobody reads, writes or deletes in S3 what he may not, whatever he sends; and nothing that he sends ends it."""

import io
from collections.abc import Iterable, Iterator

import docker
import pytest

from tests.e2e import s3_attacks, s3_doors, s3_fuzz
from tests.e2e.s3_attacks import FORGED, PRETENCES
from tests.e2e.s3_requests import Request, client, place, send
from tests.e2e.stack import container, inspect

GENERATED, SEED = 2000, 9
MODEST = 96  # MiB between two collections of garbage
LARGE = 150_000_000  # bytes that a stranger sends at once; read as a whole they ended the server


def objects() -> dict[tuple[str, str], str | None]:
    """Every bucket and object, with its tag."""
    root = client("root")
    found = {(bucket.name, ""): None for bucket in root.list_buckets()}
    for name, _ in list(found):
        found |= {(name, str(one.object_name)): one.etag for one in root.list_objects(name, recursive=True)}
    return found


def used() -> float:
    """MiB that S3 takes now."""
    stats = docker.from_env().containers.get(container("s3")).stats(stream=False, one_shot=True)["memory_stats"]
    return (stats["usage"] - stats["stats"].get("inactive_file", stats["stats"].get("total_inactive_file", 0))) / 2**20


def got_through(request: Request, status: int, body: bytes) -> bool:
    """Neither an empty answer to OPTIONS, nor a batch deletion by a known user that has an error for each object."""
    harmless = request.method == "OPTIONS" and not body or b"<DeleteResult" in body and b"<Deleted>" not in body
    return 200 <= status < 400 and not harmless


@pytest.fixture
def wanted(stack: None) -> Iterator[dict[str, Request]]:
    """What strangers want; afterwards nothing is new, changed or gone, and S3 has run on."""
    root = client("root")
    root.put_object("lake", s3_attacks.SENTINEL.removeprefix("/lake/"), io.BytesIO(b"kept"), 4)
    upload = root._create_multipart_upload("lake", "kept/upload", {})
    before, running = objects(), inspect(container("s3"))
    yield s3_attacks.operations(upload)
    now, after = inspect(container("s3")), objects()
    assert (now["RestartCount"], now["State"]["StartedAt"]) == (running["RestartCount"], running["State"]["StartedAt"])
    assert before.items() <= after.items()
    assert not [name for name in after.keys() - before.keys() if FORGED in "".join(name)]
    assert root._list_parts("lake", "kept/upload", upload).parts == []
    root._abort_multipart_upload("lake", "kept/upload", upload)


def failures(attacks: Iterable[tuple[str, Request]], host: str) -> list[str]:
    """Attacks that succeed, or that S3 has no proper answer to."""
    answers = ((name, request, *send(request, host)) for name, request in attacks)
    return [
        f"{name}: {status}: {request}: {body[:300]!r}"
        for name, request, status, body in answers
        if got_through(request, status, body) or status >= 500
    ]


def numbered(requests: Iterable[Request]) -> list[tuple[str, Request]]:
    return [(str(number), request) for number, request in enumerate(requests)]


@pytest.mark.parametrize("pretence", PRETENCES)
def test_nothing_is_done_for(wanted: dict[str, Request], pretence: str):
    assert failures(s3_attacks.corpus(wanted, pretence), place()) == []


def test_no_other_door_is_open(wanted: dict[str, Request]):
    assert failures(numbered(s3_doors.others()), place()) == []


def test_the_console_does_nothing_without_a_session(wanted: dict[str, Request]):
    assert failures(numbered(s3_doors.console()), place("S3_CONSOLE_PORT")) == []


def test_two_thousand_generated_attacks_reach_nothing_and_leave_memory_as_it_was(wanted: dict[str, Request]):
    attacks = numbered(s3_fuzz.generated(wanted, GENERATED, SEED))
    failed = failures(attacks[: GENERATED // 10], place())
    first = used()
    failed += failures(attacks[GENERATED // 10 :], place())

    assert failed == []
    assert used() < first + MODEST


@pytest.mark.parametrize(("port", "path"), s3_doors.LARGE)
def test_a_large_body_is_not_read_before_its_sender_is_known(wanted: dict[str, Request], port: str, path: str):
    headers, begin, repeated = s3_doors.LARGE[port, path]
    body = begin + repeated * (LARGE // len(repeated))
    before = used()
    status, _ = send(Request("POST", *path.split("?"), headers=headers, body=body), place(port))

    assert status in (0, 401, 403, 413)
    assert used() < before + MODEST

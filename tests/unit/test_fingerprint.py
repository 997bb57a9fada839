"""Claims about keys of results: changed inputs or changed code never meet an old result."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.trips import fingerprint as fingerprints
from flows.trips.fingerprint import code, commit, fingerprint

parts = st.lists(st.none() | st.booleans() | st.integers() | st.text(), max_size=4)


@pytest.fixture
def other_code(tmp_path, monkeypatch):
    folder = tmp_path / "flows" / "trips"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text("1")
    monkeypatch.setattr(fingerprints, "_CODE", folder)
    return folder


@given(parts, parts)
def test_two_results_share_a_key_exactly_when_their_parts_are_the_same(one, other):
    assert (fingerprint(*one) == fingerprint(*other)) is (repr(one) == repr(other))


def test_parts_that_join_to_the_same_text_have_different_keys():
    assert fingerprint("a", "bc") != fingerprint("ab", "c")


def test_changed_code_gives_another_hash(other_code):
    before = code.__wrapped__()
    (other_code / "one.py").write_text("2")
    assert code.__wrapped__() != before


def test_the_commit_is_that_of_the_working_copy():
    here = ["git", "-C", Path(__file__).parent, "rev-parse", "HEAD"]
    found = subprocess.run(here, capture_output=True, text=True, check=False)
    assert commit() == (found.stdout.strip() or "unknown")


def test_outside_of_a_working_copy_the_commit_is_the_stamp_or_unknown(other_code, tmp_path):
    assert commit.__wrapped__() == "unknown"
    (tmp_path / "COMMIT").write_text("abc\n")
    assert commit.__wrapped__() == "abc"

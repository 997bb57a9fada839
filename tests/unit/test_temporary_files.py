"""Temporary files of what runs on a person's machine have names that nobody can foretell and lay a trap at.

Inside a container /tmp is its own, so what runs there alone may name files in it.
"""

import re

import pytest

from tests.unit.tree import ROOT, tracked

ON_THE_HOST = ("infra/host/*", "infra/demo/*", "infra/base/build", "requirements/compile", "Makefile", ".ci/run")
ON_THE_HOST += ("flows/*.py", "services/model_server/*.py", "tests/*.py", "tests/*.yml")  # git's * goes down folders
FORETOLD = re.compile(r"/(tmp|var/tmp|dev/shm)/\S|\$\$|gettempdir|TMPDIR|mktemp -u|tempfile\.mktemp\b")
FILES = [path for path in tracked(*ON_THE_HOST) if path.name != "test_temporary_files.py"]


def test_the_pattern_finds_what_it_is_for():
    assert all(map(FORETOLD.search, ["names .env >/tmp/trainyard-env.$$", "Path(tempfile.gettempdir())", "/tmp/x"]))
    assert not any(map(FORETOLD.search, ["work=$(mktemp -d)", "tempfile.mkdtemp()", 'with_tmpfs_mount("/tmp")']))


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_temporary_file_has_a_name_that_can_be_foretold(path):
    assert not [found[0] for found in FORETOLD.finditer((ROOT / path).read_text())]

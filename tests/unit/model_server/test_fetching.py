"""What is fetched from the registry: the files needed, of bounded size, with the bytes that were registered."""

import hashlib

import pytest

from services.model_server import fetching
from services.model_server.follow import Follower
from tests.unit.model_server.builders import graph
from tests.unit.model_server.played_registry import MLMODEL, look, served


def tagged(model) -> dict[str, str]:
    return {"model_sha256": hashlib.sha256(model.SerializeToString()).hexdigest()}


def test_only_the_files_needed_are_fetched_and_compared_with_the_tag(settings, registry):
    registry.tags = tagged(registry.model)
    look(Follower(settings, "champion"), registry, "1")

    assert registry.downloaded == ["MLmodel", "model.onnx"]
    assert (served(settings).sha256, served(settings).checked) == (registry.tags["model_sha256"], True)


def test_a_version_without_a_tag_is_taken_and_that_is_told(settings, registry):
    look(Follower(settings, "champion"), registry, "1")

    assert (served(settings).sha256, served(settings).checked) == (*tagged(registry.model).values(), False)


def test_other_bytes_than_were_registered_are_refused_and_the_champion_stays(settings, registry):
    follower = Follower(settings, "champion")
    look(follower, registry, "1")
    registry.tags = tagged(graph(4.0))

    (refused,) = look(follower, registry, "2").refused
    assert (refused.version, served(settings).version) == ("2", "1")
    assert f"model_sha256 says {registry.tags['model_sha256']}" in refused.reason


@pytest.mark.parametrize("tags", [{}, tagged(graph())])
@pytest.mark.parametrize("change", [lambda file: file.write_bytes(b"other"), lambda file: file.unlink()])
def test_a_file_that_changed_on_this_disk_is_fetched_again(settings, registry, tags, change):
    registry.tags = tags
    follower = Follower(settings, "champion")
    look(follower, registry, "1")
    file = settings.model_dir / served(settings).file
    change(file)

    assert look(follower, registry, "1").refused == []
    assert file.read_bytes() == registry.model.SerializeToString()


@pytest.mark.parametrize("listed", [None, 10**12])
def test_a_file_that_is_too_large_is_refused_as_listed_or_as_it_comes(settings, registry, listed):
    follower = Follower(settings, "champion")
    registry.listed, follower._most_bytes = listed, 300
    registry.changed = {"model.onnx": b"x" * 301}

    (refused,) = look(follower, registry, "1").refused
    assert "more than" in refused.reason
    assert served(settings) is None
    (settings.model_dir / "other").write_bytes(b"x" * 1000)  # the bound holds for the download alone


@pytest.mark.parametrize(
    "about",
    [
        MLMODEL.replace("model.onnx", "../../../secrets/key"),
        MLMODEL.replace("model.onnx", "/etc/passwd"),
        MLMODEL.replace("data: model.onnx", "data: [a]"),
        MLMODEL.replace("onnx:", "sklearn:"),
        "[" * 5000,
        "flavors: 3",
        "\x00",
    ],
)
def test_a_description_that_leads_elsewhere_or_nowhere_is_refused(settings, registry, about):
    registry.changed = {"MLmodel": about.encode()}

    assert len(look(Follower(settings, "champion"), registry, "1").refused) == 1
    assert served(settings) is None


def test_a_description_of_a_megabyte_is_not_parsed(settings, registry):
    registry.changed = {"MLmodel": b"#" * (fetching.MOST_ABOUT_BYTES + 1)}

    (refused,) = look(Follower(settings, "champion"), registry, "1").refused
    assert "its file MLmodel has more than" in refused.reason

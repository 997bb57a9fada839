"""Claims about models in the lake: the bytes that the checksum names, or none."""

import pytest

from flows.trips import lake, model_files


def test_a_model_is_found_by_its_checksum_and_no_other(tmp_path):
    checksum = model_files.store(tmp_path.as_uri(), b"model")
    assert model_files.required(tmp_path.as_uri(), checksum) == b"model"
    assert model_files.found(tmp_path.as_uri(), "0" * 64) is None


@pytest.mark.parametrize("content", [b"", b"mode", b"model ", b"other"])
def test_bytes_that_do_not_fit_the_checksum_are_as_good_as_absent(content, tmp_path):
    checksum = model_files.store(tmp_path.as_uri(), b"model")
    (tmp_path / lake.model_key(checksum)).write_bytes(content)
    assert model_files.found(tmp_path.as_uri(), checksum) is None
    with pytest.raises(lake.LakeError, match=f"{checksum}.onnx is absent, or was changed.*python -m flows train"):
        model_files.required(tmp_path.as_uri(), checksum)

"""One loaded model version: runs the graph on a row or on columns. Knows no HTTP and no registry."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from services.model_server.fields import Field, read_schema
from services.model_server.releases import Release

DTYPES: dict[str, np.dtype[Any]] = {"int64": np.dtype(np.int64), "float32": np.dtype(np.float32)}
EXTERNAL_DATA = "session.model_external_initializers_file_folder_path"


class ModelError(ValueError):
    """The model cannot serve; says why."""


class OneRow:
    """The graph bound to arrays of length one: a row costs no allocation. For one request at a time."""

    def __init__(self, session: ort.InferenceSession, fields: tuple[Field, ...]) -> None:
        self._session, self._binding = session, session.io_binding()
        self._inputs = [np.zeros(1, DTYPES[field.dtype]) for field in fields]
        self._output = np.zeros(1, np.float32)
        for field, array in zip(fields, self._inputs, strict=True):
            self._binding.bind_input(field.name, "cpu", 0, array.dtype, (1,), array.ctypes.data)
        name = session.get_outputs()[0].name
        self._binding.bind_output(name, "cpu", 0, np.float32, (1,), self._output.ctypes.data)

    def run(self, values: list[Any]) -> float:
        """The output for *values* in the order of the fields."""
        for array, value in zip(self._inputs, values, strict=True):
            array[0] = value
        self._session.run_with_iobinding(self._binding)
        return self._output.item()


class Predictor:
    """Loads the graph of *release* from *folder*; raise ModelError when it cannot be served."""

    def __init__(self, release: Release, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a worker is one core
        options.log_severity_level = 3
        options.add_session_config_entry(EXTERNAL_DATA, str(folder / f"{release.file}.none"))  # nothing but the file
        try:
            graph = (folder / release.file).read_bytes()  # once: what is run is what was compared
            found = hashlib.sha256(graph).hexdigest()
            if release.sha256 and found != release.sha256:
                raise ModelError(f"its file has the SHA-256 {found}, not {release.sha256} as it was released")
            self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.schema = read_schema(self._session.get_inputs(), self._session.get_outputs(), metadata)
        except Exception as error:  # ONNX Runtime raises a class of its own for each cause
            other = "; it must hold all its tensors itself: save_as_external_data=False" * ("xternal" in str(error))
            raise ModelError(f"version {release.version} does not load: {error}{other}") from error
        self.release = release
        self._names = [field.name for field in self.schema.fields]
        self._dtypes = [DTYPES[field.dtype] for field in self.schema.fields]
        self._idle: list[OneRow] = []  # list.pop and append are atomic, so threads share it without a lock

    def one(self, values: list[Any]) -> float:
        """The output for one row of *values* in the order of the fields."""
        try:
            row = self._idle.pop()
        except IndexError:
            row = OneRow(self._session, self.schema.fields)
        result = row.run(values)
        self._idle.append(row)
        return result

    def many(self, columns: list[list[Any]]) -> NDArray[np.float32]:
        """The outputs for *columns* in the order of the fields."""
        arrays = [np.asarray(column, dtype) for column, dtype in zip(columns, self._dtypes, strict=True)]
        return self._session.run(None, dict(zip(self._names, arrays, strict=True)))[0].reshape(-1)  # type: ignore[no-any-return]  # onnxruntime has no types

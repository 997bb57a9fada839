"""Our MLflow flavor: the `onnx` flavor, with a Python function that reads rows as people write them.

MLflow takes a module with `save_model` for a flavor. The ONNX file lies where `mlflow.onnx` puts it, `model.onnx`,
so everything that reads only the graph (the model server, the scorer, `mlflow.onnx.load_model`) reads old and new
versions alike. Only the flavor `python_function` differs: MLflow's own wants every column in the graph's types.
"""

import shutil
from pathlib import Path

import mlflow
import mlflow.onnx
import onnx
from mlflow.models import Model, ModelSignature
from mlflow.pyfunc.loaders import code_model
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import AnyType

from flows.trips.graph import FIELDS, OUTPUT

CODE = Path(__file__).with_name("pyfunc_model.py")
# For `mlflow models serve`, which makes an environment of them
_REQUIREMENTS = [f"onnx=={onnx.__version__}", "onnxruntime", "pandas", "tzdata"]


def save_model(
    path: str,
    mlflow_model: Model,
    *,
    model: onnx.ModelProto,
    signature: ModelSignature,
    input_example: list[dict[str, float | str]],
) -> None:
    """Save *model* into the new folder *path*; MLflow calls this from `Model.log`."""
    mlflow.onnx.save_model(
        model,
        path,
        mlflow_model=mlflow_model,
        signature=signature,
        input_example=input_example,
        pip_requirements=_REQUIREMENTS,
        onnx_execution_providers=["CPUExecutionProvider"],
        save_as_external_data=False,
    )
    graph = mlflow_model.flavors["onnx"]["data"]
    environment = mlflow_model.flavors["python_function"]["env"]
    shutil.copy(CODE, path)
    mlflow.pyfunc.add_to_model(
        mlflow_model,
        loader_module=code_model.__name__,
        conda_env=environment["conda"],
        python_env=environment["virtualenv"],
        model_code_path=CODE.name,
        artifacts={"onnx": {"path": graph, "uri": graph}},
    )
    mlflow_model.save(str(Path(path) / "MLmodel"))


def signature() -> ModelSignature:
    """Return the model's signature, with what may be left out as optional.

    `any` stands where MLflow's own types would refuse what the model takes: `double` refuses whole numbers and a
    column of None, and a date-time may be text or seconds. What they mean is in the metadata, `fields`.
    """
    anything = AnyType()  # type: ignore[no-untyped-call]
    columns: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.long if field.dtype == "int64" and not field.format else anything, field.name, field.required)
        for field in FIELDS
    ]
    return ModelSignature(Schema(columns), Schema([ColSpec(DataType.double, str(OUTPUT["name"]))]))


def example() -> list[dict[str, float | str]]:
    """Return two rows as a person would write them: all fields, and only those that must be there."""
    return [
        {field.name: field.example for field in FIELDS},
        {field.name: field.example for field in FIELDS if field.required},
    ]

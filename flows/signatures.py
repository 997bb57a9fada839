"""The signatures of the flows, read from their source: importing a flow takes more than ten seconds.

Prefect makes the same schema from an imported flow, and `tests/unit/test_command_line.py` compares the two.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import griffe
from pydantic import create_model

from flows.command_line import FlowSignature

ROOT = Path(__file__).parents[1]


def signatures(names: tuple[str, ...]) -> list[FlowSignature]:
    """Return the signatures of the flows; each is the function of that name in its module `flows.NAME`."""
    package = griffe.load("flows", search_paths=[ROOT])
    return [_signature(package[f"{name}.{name}"]) for name in names]


def _signature(function: griffe.Function) -> FlowSignature:
    fields: dict[str, Any] = {
        one.name: (str(one.annotation), _default(one, function.package)) for one in function.parameters
    }
    model = create_model(function.name, **fields)
    model.model_rebuild(_types_namespace=_types(function))
    schema, description = model.model_json_schema(), ""
    for section in griffe.parse_google(function.docstring, warnings=False) if function.docstring else []:
        if section.kind is griffe.DocstringSectionKind.text:
            description = description or section.value
        elif section.kind is griffe.DocstringSectionKind.parameters:
            for documented in section.value:
                schema["properties"][documented.name]["description"] = documented.description
    return FlowSignature(function.name, description, schema)


def _types(function: griffe.Function) -> dict[str, Any]:
    """Return what the names in the annotations stand for."""
    annotations = [one.annotation for one in function.parameters if isinstance(one.annotation, griffe.Expr)]
    names = [name for annotation in annotations for name in annotation.iterate() if isinstance(name, griffe.ExprName)]
    paths = {name.name: name.canonical_path.rpartition(".") for name in names}
    return {name: getattr(import_module(module), attribute) for name, (module, _, attribute) in paths.items() if module}


def _default(parameter: griffe.Parameter, package: griffe.Module) -> Any:
    """Return the default; that of a constant, such as `training.ROUNDS`, is read where it is defined."""
    default = parameter.default
    if isinstance(default, griffe.ExprName | griffe.ExprAttribute):
        default = package[default.canonical_path.partition(".")[2]].value
    return ... if default is None else ast.literal_eval(str(default))

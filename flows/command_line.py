"""The command line of the flows: the same in the stack and in this process.

A flow is known by the JSON schema of its parameters alone, so nothing here imports Prefect or the data path.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import jsonschema
from click.core import ParameterSource

WITHOUT_FLOW = "pipeline"
TYPES: dict[str, click.ParamType[Any]] = {"string": click.STRING, "integer": click.INT, "number": click.FLOAT}


@dataclass(frozen=True)
class FlowSignature:
    """What the command line shows of a flow and accepts for it."""

    name: str
    description: str
    parameters: dict[str, Any]
    """The JSON schema of its parameters, as Prefect registers it."""


class Schema(click.ParamType[Any]):
    """A value that satisfies the JSON schema of its parameter."""

    def __init__(self, schema: dict[str, Any]) -> None:
        not_null = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
        self.schema = not_null[0] if len(not_null) == 1 else schema
        self.name = self.schema.get("type", "value")
        self.examples = self.schema.get("examples") or [value for value in [schema.get("default")] if value is not None]

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """Return the type, as the help shows it."""
        return "TEXT" if self.name == "string" else self.name.upper()

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str | None:
        """Return an example for a required parameter that was not given."""
        return f"Example: {param.opts[0]} {self.examples[0]}" if self.examples else None

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value in its type; fail with an example if the schema refuses it."""
        try:
            typed = _typed(value, self.name)
            jsonschema.validate(typed, self.schema)
        except (click.BadParameter, jsonschema.ValidationError) as error:
            is_pattern = getattr(error, "validator", None) == "pattern"  # which says nothing to most people
            reason = f"{value!r} is not valid" if is_pattern else error.message.rstrip(".")
            example = self.get_missing_message(param, ctx) if param else None
            self.fail(f"{reason}. {example or ''}".rstrip(), param, ctx)
        return typed


class Flows(click.Group):
    """The flows as commands; arguments that name no flow are for the pipeline."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the pipeline where no flow is named."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [WITHOUT_FLOW, *args]
        return super().parse_args(ctx, args)


def command_line(
    flows: Iterable[FlowSignature], run: Callable[[str, dict[str, Any]], int], *, epilog: str | None = None
) -> click.Group:
    """Return a command per flow, which calls *run* with the flow's name and the parameters that were given."""
    group = Flows(
        help=f"Run a flow; without FLOW: {WITHOUT_FLOW}. FLOW --help lists its parameters.",
        epilog=epilog,
        options_metavar="",
        subcommand_metavar="[FLOW] [OPTIONS]",
        context_settings={
            "help_option_names": ["--help", "-h"],
            "token_normalize_func": lambda token: token.replace("_", "-"),
            "max_content_width": 120,
        },
    )
    for flow in flows:
        group.add_command(_command(flow, run))
    return group


def execute(group: click.Group, program: str, arguments: Sequence[str]) -> int:
    """Run what *arguments* say; return the exit status: 2 for invalid arguments, 130 after Ctrl-C."""
    try:
        return int(group.main(list(arguments), prog_name=program, standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130


def _command(flow: FlowSignature, run: Callable[[str, dict[str, Any]], int]) -> click.Command:
    def given(**values: Any) -> int:
        source = click.get_current_context().get_parameter_source
        return run(flow.name, {name: values[name] for name in values if source(name) is ParameterSource.COMMANDLINE})

    required = flow.parameters.get("required", [])
    properties = flow.parameters.get("properties", {})
    options: list[click.Parameter] = [_option(name, properties[name], name in required) for name in properties]
    # FLOW/DEPLOYMENT is accepted, but each flow is listed once
    return click.Command(
        flow.name,
        params=options,
        callback=given,
        help=flow.description,
        short_help=flow.description,
        hidden="/" in flow.name,
    )


def _option(name: str, schema: dict[str, Any], required: bool) -> click.Option:
    flag, default = f"--{name.replace('_', '-')}", schema.get("default")
    options: dict[str, Any] = {"help": " ".join(schema.get("description", "").split()), "required": required}
    if default is not None:
        options |= {"default": default, "show_default": default is not False}
    if schema.get("type") == "boolean":
        on_and_off = flag if default is False else f"{flag}/--no-{flag[2:]}"
        return click.Option([name, on_and_off], is_flag=True, **options)
    return click.Option([name, flag], type=Schema(schema), **options)


def _typed(value: Any, name: str) -> Any:
    """Return what somebody wrote as a value of the JSON type; of an unknown type what reads as JSON, else the text."""
    if not isinstance(value, str):
        return value  # a default
    if name in TYPES:
        typed = TYPES[name].convert(value, None, None)
        if isinstance(typed, float) and not math.isfinite(typed):
            raise click.BadParameter(f"{value!r} is not a number")
        return typed
    try:
        return json.loads(value)
    except ValueError:
        return value

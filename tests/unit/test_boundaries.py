"""Claims about the layers and habits of the code, read from its syntax: each would erode unnoticed."""

import ast
from pathlib import Path

import pytest

from tests.unit.tree import ROOT, syntax, tracked

PYTHON = tracked("*.py")
PRODUCT = [path for path in PYTHON if path.parts[0] in ("flows", "services", "infra")]
VAGUE = {"utils", "common", "helpers", "base", "core", "misc", "manager"}
READS_ENVIRON = {
    "flows/trips/settings.py": "addresses of the flows",
    "flows/trips/lake.py": "the endpoint of S3, by the name that S3 clients give it",
    "services/model_server/settings.py": "settings of the server",
    "infra/demo/environment.py": "the demo hands its own environment on to what it starts",
    # programs of one container each, which Compose configures by the environment
    "infra/setup/__main__.py": "setup",
    "infra/setup/deploy.py": "deploy",
    "infra/setup/deployed.py": "deploy and the flows command: where the API is",
    "infra/setup/flow_context.py": "deploy's step: the commit",
    "infra/setup/prune_images.py": "deploy: the registry's address",
    "infra/setup/run_flow.py": "the flows command",
    "infra/smoke/__main__.py": "smoke",
    "infra/smoke/attacks.py": "smoke",
    "infra/smoke/claims.py": "smoke",
    "services/flows/launch.py": "the start of a flow container",
    "services/janitor/janitor.py": "the janitor",
    "services/mlflow/serve.py": "the start of MLflow",
}


TABLES = {"flows/trips/zones.py": "one line for each of the city's 265 taxi zones"}  # data, longer than a sitting


def imported(path):
    """Names of the modules that a file imports, as written."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def nodes(path, *kinds):
    return [node for node in ast.walk(syntax(path)) if isinstance(node, kinds)]


@pytest.mark.parametrize("path", tracked("flows/trips/*.py"), ids=str)
def test_the_data_path_knows_neither_prefect_nor_flask(path):
    roots = {name.partition(".")[0] for name in imported(path)}
    assert not roots & {"prefect", "flask"}


@pytest.mark.parametrize("path", tracked("flows/trips/*.py"), ids=str)
def test_the_data_path_imports_no_flow_and_no_service(path):
    ours = {name for name in imported(path) if name.partition(".")[0] in ("flows", "services", "infra", "tests")}
    assert all(name.startswith("flows.trips") for name in ours)


@pytest.mark.parametrize("path", tracked("services/*.py"), ids=str)
def test_a_service_holds_no_code_of_the_flows(path):
    assert not [name for name in imported(path) if name.partition(".")[0] == "flows"]


@pytest.mark.parametrize("path", PRODUCT, ids=str)
def test_the_environment_is_read_in_settings_only(path):
    reads = {ast.unparse(node) for node in nodes(path, ast.Attribute)} & {"os.environ", "os.getenv"}
    assert not reads or str(path) in READS_ENVIRON
    assert not [node for node in nodes(path, ast.ImportFrom) if node.module == "os"]  # would hide a read


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_an_import_path_is_a_file_path_from_the_root(path):
    folders = {folder.name for folder in (ROOT / "flows").iterdir() if folder.is_dir()}
    assert not [name for name in imported(path) if name.startswith(".") or name.partition(".")[0] in folders]


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_imports_stand_at_the_top_and_name_what_they_take(path):
    functions = nodes(path, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    inside = [node for f in functions for node in ast.walk(f) if isinstance(node, ast.Import | ast.ImportFrom)]
    stars = [node for node in nodes(path, ast.ImportFrom) if node.names[0].name == "*"]
    assert not inside + stars


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_no_module_or_package_has_a_name_that_says_nothing(path):
    assert not VAGUE & {*path.with_suffix("").parts}


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_no_frame_is_changed_in_place(path):
    assert not [node for node in nodes(path, ast.keyword) if node.arg == "inplace"]


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_a_file_can_be_read_in_one_sitting(path):
    assert str(path) in TABLES or len((ROOT / path).read_text().splitlines()) <= 200


@pytest.mark.parametrize("path", PRODUCT, ids=str)  # a test's name is its claim
def test_a_module_says_what_it_holds(path):
    module = syntax(path)
    assert ast.get_docstring(module) or not module.body  # an empty __init__.py holds nothing


@pytest.mark.parametrize("path", tracked("flows/*.py"), ids=str)
def test_a_flow_file_shadows_no_installed_package(path):
    installed = {name.partition(".")[0] for file in PRODUCT for name in imported(file)} - {"flows", "services", "infra"}
    assert path.parent != Path("flows") or path.stem not in installed

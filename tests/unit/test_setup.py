"""What setup and deploy compute, without a server."""

from pathlib import Path

import docker
import pytest

from infra.demo import environment
from infra.demo.places import Places
from infra.setup import flow_context
from infra.setup.make_work_pool import job_template
from infra.setup.run_flow import main

ENVIRON = {
    "PROJECT": "trainyard",
    "PREFECT_API_URL": "http://prefect:4200/api",
    "PREFECT_UI_URL": "http://localhost:4200",
    "MLFLOW_UI_URL": "http://localhost:5001",
    "MODEL_SERVER_URL": "http://localhost:8080",
    "FLOW_MEMORY": "2g",
}


def test_the_flows_command_says_that_the_stack_is_not_running(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "user:password")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")

    assert main(["--help"]) == 1
    assert capsys.readouterr().err == "The stack is not running. Start it: make up\n"


def test_no_password_stands_in_the_job_template():
    env = job_template(ENVIRON)["job_configuration"]["env"]

    assert env["PREFECT_API_AUTH_STRING"] is None


def test_both_sizes_write_results_as_json_where_a_flow_names_no_serializer(tmp_path: Path):
    ports = {"prefect": 1, "mlflow": 2, "server": 3}
    stack = job_template(ENVIRON)["job_configuration"]["env"]
    demo = environment.addresses(Places(tmp_path), ports, "data")

    assert {env["PREFECT_RESULTS_DEFAULT_SERIALIZER"] for env in (stack, demo)} == {"json"}


def test_the_engine_proxy_demands_what_the_job_template_gives():
    job = job_template(ENVIRON)["job_configuration"]
    create = job["container_create_kwargs"]
    log = create["log_config"]["config"]
    demanded = Path("services/engine_proxy/create.go").read_text()

    assert job["volumes"] == ["trainyard_flow-secrets:/run/secrets:ro"]
    assert 'n.secrets + ":/run/secrets:ro"' in demanded
    for text in (
        f'CapDrop:        []string{{"{create["cap_drop"][0]}"}}',
        f'SecurityOpt:    []string{{"{create["security_opt"][0]}"}}',
        f'Tmpfs:          map[string]string{{"/tmp": "{create["tmpfs"]["/tmp"]}"}}',
        f'map[string]string{{"max-size": "{log["max-size"]}", "max-file": "{log["max-file"]}"}}',
        f"ReadonlyRootfs: {str(create['read_only']).lower()}",
    ):
        assert text in demanded


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two flows over one shared file, and an engine that knows the base image."""
    for name, text in {
        "flows/Dockerfile": "FROM trainyard/flows\n",
        "flows/__init__.py": "",
        "flows/trips/__init__.py": "",
        "flows/engine.py": "import flows.results\n",
        "flows/results.py": "",
        "flows/shared.py": "",
        "flows/a.py": "from flows.shared import x\n",
        "flows/b.py": "from flows import a\n",
        "flows/c.py": "import flows.trips\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    image = type("Image", (), {"id": "sha256:0"})
    engine = type("Engine", (), {"images": type("Images", (), {"get": staticmethod(lambda _: image)})})
    monkeypatch.setattr(docker, "from_env", lambda: engine)
    monkeypatch.setattr(flow_context, "CONTEXTS", tmp_path / "contexts")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_image_holds_its_engine_what_its_flow_imports_and_no_other_flow(project: Path):
    context = Path(flow_context.flow_context("a")["path"])
    names = {path.name for path in context.rglob("*.py")}

    assert names == {"__init__.py", "a.py", "shared.py", "engine.py", "results.py"}


def test_a_changed_flow_changes_the_tags_of_those_that_contain_it_only(project: Path):
    before = {flow: flow_context.flow_context(flow)["tag"] for flow in "abc"}
    (project / "flows/a.py").write_text("from flows.shared import x, y\n")
    after = {flow: flow_context.flow_context(flow)["tag"] for flow in "abc"}

    assert [before[flow] == after[flow] for flow in "abc"] == [False, False, True]

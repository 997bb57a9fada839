import subprocess

from infra.demo import environment
from infra.demo.places import Places
from services.model_server.settings import Settings

PORTS = {"prefect": 4200, "mlflow": 5001, "server": 8080, "metrics": 8081}


def test_a_shell_reads_back_what_was_written_and_only_the_owner_may(tmp_path):
    path = tmp_path / "environment"

    environment.write(path, {"LAKE_URL": "file:///with space/it's", "EMPTY": ""})

    said = subprocess.run(["sh", "-c", f'. "{path}"; echo "$LAKE_URL|$EMPTY"'], capture_output=True, text=True)
    assert said.stdout == "file:///with space/it's|\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_persons_own_settings_do_not_reach_the_parts_and_a_proxy_is_not_asked_for_them():
    own = {"PREFECT_API_URL": "https://elsewhere", "MLFLOW_TRACKING_URI": "x", "PATH": "/bin", "NO_PROXY": "corp"}

    inherited = environment.inherited(own)

    assert not {"PREFECT_API_URL", "MLFLOW_TRACKING_URI"} & inherited.keys()
    assert (inherited["PATH"], inherited["NO_PROXY"]) == ("/bin", "corp,127.0.0.1,localhost")


def test_the_flows_find_every_part_of_the_demo_and_nothing_outside(tmp_path):
    addresses = environment.addresses(Places(tmp_path / "demo"), PORTS, "data")

    assert addresses["DATABASE_URL"].startswith("postgresql://postgres@/trips?host=")
    assert addresses["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert addresses["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5001"
    assert addresses["LAKE_URL"] == (tmp_path / "demo" / "lake").as_uri()


def test_the_home_page_links_mlflow_s_page_for_this_kind_of_models(tmp_path):
    links = Settings.from_env(environment.model_server(Places(tmp_path / "demo"), PORTS)).links

    assert [link.name for link in links] == ["Prefect", "MLflow"]
    assert links[1].url == "http://127.0.0.1:5001/#/experiments?workflowType=machine_learning"
    assert links[1].probe == "http://127.0.0.1:5001/health"

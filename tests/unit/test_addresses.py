"""Claims about the addresses that are printed and linked: MLflow's open on the page for models like ours."""

import re
import shutil
import subprocess

import pytest
import yaml

from services.model_server.settings import Settings
from tests.unit.tree import ROOT

PAGE = "http://lab:5001/#/experiments?workflowType=machine_learning"
SETTINGS = "PUBLIC_HOST=lab\nMLFLOW_PORT=5001\nBIND=127.0.0.1\n"


@pytest.mark.parametrize("script", ["addresses", "secrets"])
def test_mlflow_s_printed_address_opens_on_models(script, tmp_path):
    (tmp_path / "infra" / "host").mkdir(parents=True)
    copy = shutil.copy(ROOT / "infra" / "host" / script, tmp_path / "infra" / "host")
    (tmp_path / ".env").write_text(SETTINGS)
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)

    printed = subprocess.run(["sh", copy], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^ *MLflow +(\S+) ", printed, re.MULTILINE)[1] == PAGE


def test_mlflow_s_link_in_compose_opens_on_models():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    written = compose["services"]["model-server"]["environment"]["HOME_LINKS"]
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", r"\2", written).replace("localhost", "lab")
    links = {link.name: link for link in Settings(mlflow_tracking_uri="u", home_links=text).links}

    assert list(links) == ["Prefect", "MLflow", "S3 console"]
    assert (links["MLflow"].url, links["MLflow"].probe) == (PAGE, "http://mlflow:5001/health")

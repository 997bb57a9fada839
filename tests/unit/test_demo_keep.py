"""What KEEP=1 prints: addresses that open."""

from pathlib import Path

from infra.demo import keep
from infra.demo.places import Places
from infra.demo.story import Told

ADDRESSES = {
    "MODEL_SERVER_URL": "http://127.0.0.1:8080",
    "PREFECT_API_URL": "http://127.0.0.1:4200/api",
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:5001",
}


def test_mlflows_address_opens_on_the_model(capsys, tmp_path: Path):
    model = {"name": "trip-duration", "version": "1", "alias": "champion"}
    keep.tell(Told(ADDRESSES, {"model": model, "prediction": {"request": {}}}), Places(tmp_path))

    assert "http://127.0.0.1:5001/#/models/trip-duration?workflowType=machine_learning\n" in capsys.readouterr().out

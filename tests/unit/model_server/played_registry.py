"""A registry that is played for the follower: its versions, their files, their runs."""

from pathlib import Path
from types import SimpleNamespace

from mlflow.exceptions import RestException

from services.model_server import releases
from services.model_server.follow import Follower
from services.model_server.releases import Following, Release
from tests.unit.model_server.builders import graph

MLMODEL = "flavors:\n  onnx:\n    data: model.onnx\nmodel_uuid: x\nutc_time_created: '2026-01-01 00:00:00'\n"


class Registry:
    """What a follower asks MLflow: the version behind an alias, its files, its run."""

    def __init__(self) -> None:
        self.version, self.model, self.error, self.tags = None, graph(), None, {}
        self.changed, self.listed, self.downloaded = {}, None, []
        self.aliases, self.judged, self.asked = {}, {}, []  # alias: version; version: tags; versions asked for

    def get_model_version_by_alias(self, name, alias):
        if self.error:
            raise self.error
        if self.version is None:
            raise RestException({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": alias})
        return SimpleNamespace(version=self.version, creation_timestamp=int(self.version), run_id="r", tags=self.tags)

    def get_run(self, run_id):
        metrics = {"rmse": 4.2, "rmse_by_hour": 9.9}
        data = SimpleNamespace(metrics=metrics, params={}, tags={"mlflow.user": "x"})
        return SimpleNamespace(data=data, info=SimpleNamespace(experiment_id="7"))

    def get_registered_model(self, name):
        return SimpleNamespace(aliases=self.aliases)

    def get_model_version(self, name, version):
        self.asked.append(version)
        return SimpleNamespace(version=version, tags=self.judged[version])

    def files(self) -> dict[str, bytes]:
        return {"MLmodel": MLMODEL.encode(), "model.onnx": self.model.SerializeToString()} | self.changed

    def list(self, artifact_uri, tracking_uri):
        return [SimpleNamespace(path=f"model/{name}", file_size=self.listed) for name in (*self.files(), "conda.yaml")]

    def download(self, artifact_uri, dst_path, tracking_uri):
        name = artifact_uri.rpartition("/")[2]
        self.downloaded.append(name)
        (Path(dst_path) / name).write_bytes(self.files()[name])


def look(follower: Follower, registry: Registry, version: str | None) -> Following:
    registry.version = version
    follower.look()
    return releases.read(releases.status(follower._folder, follower._alias), Following)


def served(settings, alias: str = "champion") -> Release | None:
    return releases.read(releases.pointer(settings.model_dir, alias), Release)

"""The Docker work pool: a job template that starts locked-down containers, and two queues, of which `urgent`
goes first.

The engine proxy refuses any container that differs from this template (services/engine_proxy/create.go).
"""

from collections.abc import Mapping

from infra.setup.prefect_api import PrefectApi

POOL = "docker"
FLOWS_COMMAND = "docker compose run --rm flows"  # what a person types, for help and remedies
QUEUES = {"urgent": 1, "default": 2}  # a lower number is served first


def make_work_pool(api: PrefectApi, environ: Mapping[str, str]) -> None:
    """Create or change the pool and its queues."""
    pool = {
        "description": "One container per run, from the image of its deployment.",
        "base_job_template": job_template(environ),
        "concurrency_limit": int(environ["FLOW_CONCURRENCY"]),
    }
    if api.find(f"/work_pools/{POOL}") is None:
        api.send("POST", "/work_pools/", {"name": POOL, "type": "docker", **pool})
    else:
        api.send("PATCH", f"/work_pools/{POOL}", pool)
    for name, priority in QUEUES.items():
        if api.find(f"/work_pools/{POOL}/queues/{name}") is None:
            api.send("POST", f"/work_pools/{POOL}/queues", {"name": name, "priority": priority})
        else:
            api.send("PATCH", f"/work_pools/{POOL}/queues/{name}", {"priority": priority})


def job_template(environ: Mapping[str, str]) -> dict[str, object]:
    """What every flow container is; a deployment chooses its image, may choose its memory, and may add
    variables."""
    project = environ["PROJECT"]
    fixed_env = {
        "PREFECT_API_URL": environ["PREFECT_API_URL"],
        # the worker's own is not handed on: the container reads its secret file
        "PREFECT_API_AUTH_STRING": None,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # the least Prefect takes; three missing ones mean crashed
        "PREFECT_UI_URL": environ["PREFECT_UI_URL"],  # links in logs open in the person's browser
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",  # a flow that names none writes no pickle
        # all else is read-only: Prefect's own files (the worker's place, which it would hand on, is not there),
        # caches of libraries, months that are downloaded
        "PREFECT_HOME": "/tmp/prefect",
        "HOME": "/tmp",
        "TRIPS_DOWNLOADS": "/tmp/downloads",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "trainyard",  # what the data path says is part of the run's log
        "FLOWS_COMMAND": FLOWS_COMMAND,
        "MLFLOW_TRACKING_URI": "http://mlflow:5001",
        "MLFLOW_UI_URL": environ["MLFLOW_UI_URL"],
        "MODEL_SERVER_URL": environ["MODEL_SERVER_URL"],
        "LAKE_URL": "s3://lake",
        "AWS_ENDPOINT_URL": "http://s3:9000",
        "AWS_REGION": "us-east-1",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",  # else Arrow signs no body that goes over plain HTTP
    }
    memory = {
        "type": "string",
        "default": environ["FLOW_MEMORY"],
        "description": "Memory of the container, such as 2g.",
    }
    return {
        "job_configuration": {
            "image": "{{ image }}",
            "command": "{{ command }}",
            "env": fixed_env,
            "labels": "{{ labels }}",
            "name": "{{ name }}",
            # tags are content hashes; runs go on while the registry is down
            "image_pull_policy": "IfNotPresent",
            "networks": [f"{project}_flows"],
            "volumes": [f"{project}_flow-secrets:/run/secrets:ro"],
            "mem_limit": "{{ mem_limit }}",
            "memswap_limit": "{{ mem_limit }}",  # the same: no swap
            # the exit code and the log stay readable; the janitor removes old containers
            "auto_remove": False,
            "stream_output": True,
            "privileged": False,
            "container_create_kwargs": {
                "cap_drop": ["ALL"],
                "security_opt": ["no-new-privileges:true"],
                "pids_limit": 512,
                "read_only": True,
                "tmpfs": {"/tmp": "size=512m"},  # part of mem_limit
                "log_config": {"type": "json-file", "config": {"max-size": "10m", "max-file": "3"}},
            },
        },
        "variables": {
            "type": "object",
            "properties": {
                "image": {"type": "string", "description": "The deployment's image."},
                "command": {
                    "type": "string",
                    "default": "python /srv/launch.py",  # `prefect flow-run execute`, 1.5 s sooner
                    "description": "What the container runs.",
                },
                "env": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "More variables.",
                },
                "labels": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "More labels of the container; each begins with io.prefect.",
                },
                "name": {"type": "string", "description": "Name of the container; left out: the run's name."},
                "mem_limit": memory,
            },
            "required": ["image"],
        },
    }

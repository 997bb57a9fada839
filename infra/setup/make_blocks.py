"""Blocks for the S3 user of flows, and result storage on S3 as the server's default, so caches hold across
containers."""

from typing import Any

from infra.setup.prefect_api import PrefectApi
from infra.setup.secret_files import secret

CLIENT = {"endpoint_url": "http://s3:9000"}


def make_blocks(api: PrefectApi) -> None:
    """Bring every block to the declared state; block types are registered by the server when it starts."""
    key = {"aws_access_key_id": secret("s3_flows_user"), "aws_secret_access_key": secret("s3_flows")}
    credentials = _block(
        api, "aws-credentials", "flows", {**key, "region_name": "us-east-1", "aws_client_parameters": CLIENT}
    )
    minio = {
        "minio_root_user": secret("s3_flows_user"),
        "minio_root_password": secret("s3_flows"),
        "aws_client_parameters": CLIENT,
    }
    _block(api, "minio-credentials", "flows", minio)
    reference = {"$ref": {"block_document_id": credentials}}
    _block(api, "s3-bucket", "lake", {"bucket_name": "lake", "credentials": reference})
    results = _block(api, "s3-bucket", "results", {"bucket_name": "prefect-results", "credentials": reference})
    api.send("PUT", "/admin/storage", {"default_result_storage_block_id": results})


def _block(api: PrefectApi, type_slug: str, name: str, data: dict[str, Any]) -> str:
    found = api.find(f"/block_types/slug/{type_slug}/block_documents/name/{name}?include_secrets=true")
    if found is not None:
        if found["data"] | data != found["data"]:
            api.send("PATCH", f"/block_documents/{found['id']}", {"data": data})
        return str(found["id"])
    block_type = api.send("GET", f"/block_types/slug/{type_slug}")["id"]
    of_type = {"block_schemas": {"block_type_id": {"any_": [block_type]}}, "limit": 1}
    schema = api.send("POST", "/block_schemas/filter", of_type)[0]["id"]
    body = {"name": name, "data": data, "block_type_id": block_type, "block_schema_id": schema}
    return str(api.send("POST", "/block_documents/", body)["id"])

"""Keeps the newest images of each deployment, and the one it uses now, in the registry and in the engine; the
registry frees the layers at its next start.

Only names are deleted here. Layers are collected by the registry itself before it listens, when nobody can
push (services/registry/entrypoint), so an image that is being pushed never loses a layer.
"""

import logging
import os

import docker
import httpx

from infra.setup.deployed import api_client, deployments

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
log = logging.getLogger("deploy")


def prune_images(names: set[str], keep: int) -> None:
    """Delete all but the `keep` newest images of each repository trainyard/<name> and those that are deployed."""
    with api_client() as api:
        deployed = {str(one["job_variables"].get("image")) for one in deployments(api).values()}
    with httpx.Client(base_url=os.environ["REGISTRY_URL"], headers={"Accept": MANIFEST}, timeout=30) as registry:
        for name in sorted(names):
            _prune(registry, f"trainyard/{name}", keep, deployed)


def _prune(registry: httpx.Client, repository: str, keep: int, deployed: set[str]) -> None:
    tags = registry.get(f"/v2/{repository}/tags/list").json().get("tags") or []
    if len(tags) <= keep:
        return
    made = {tag: _made(registry, repository, tag) for tag in tags}
    newest_first = sorted(tags, key=lambda tag: made[tag][0], reverse=True)
    local = f"localhost:{os.environ['REGISTRY_PORT']}/{repository}"
    kept = {tag for n, tag in enumerate(newest_first) if n < keep or f"{local}:{tag}" in deployed}
    kept_digests = {made[tag][1] for tag in kept}
    engine = docker.from_env()
    for tag in set(tags) - kept:
        if made[tag][1] not in kept_digests:
            registry.delete(f"/v2/{repository}/manifests/{made[tag][1]}").raise_for_status()
        try:
            engine.images.remove(f"{local}:{tag}", noprune=True)
        except docker.errors.APIError:
            # an exited container still shows it, at the cost of some kilobytes
            log.debug("event=kept image=%s:%s", repository, tag)
        log.info("event=pruned image=%s:%s", repository, tag)


def _made(registry: httpx.Client, repository: str, tag: str) -> tuple[str, str]:
    """When the image was made (ISO 8601), and its digest."""
    manifest = registry.get(f"/v2/{repository}/manifests/{tag}").raise_for_status()
    config = registry.get(f"/v2/{repository}/blobs/{manifest.json()['config']['digest']}").raise_for_status()
    return config.json()["created"], manifest.headers["Docker-Content-Digest"]

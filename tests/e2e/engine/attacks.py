"""Requests that must be refused before the engine sees them: a list that grows with each idea.

Names that they would leave on the engine contain "attack".
"""

from collections.abc import Iterator

from tests.e2e.engine import attacks_on_builds, attacks_on_calls, attacks_on_creations, attacks_on_heads
from tests.e2e.engine.requests import Attack, World

PARTS = (
    attacks_on_heads.heads,
    attacks_on_heads.lengths,
    attacks_on_calls.containers,
    attacks_on_calls.of_the_worker,
    attacks_on_calls.of_deploy,
    attacks_on_creations.creations,
    attacks_on_creations.bent_json,
    attacks_on_builds.queries,
    attacks_on_builds.contexts,
)


def corpus(world: World) -> Iterator[Attack]:
    """All of them."""
    for part in PARTS:
        yield from part(world)

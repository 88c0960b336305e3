"""The image of a container is whatever its tag names at the moment.

What happens: pods of one rollout, and pods that are made anew later, may run different versions; a
rollback puts the same tag back and changes nothing. With imagePullPolicy Never a node that lacks
the image starts no pod at all.

Why: the upgrade goes from a fixed tag or digest to one that is moved (latest, stable, main, none),
or to imagePullPolicy Never.

What to do instead: name a version or a digest; leave imagePullPolicy to its default.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.images import tag
from policylint.kubernetes.api.reading import text
from policylint.kubernetes.api.safeguards import KeptContainer, kept_containers
from policylint.model import Category, Confidence, Direction, Fix, Kept, Severity, Violation

MOVED = {"", "latest", "stable", "main", "master", "dev", "edge", "nightly"}


@rule(category=Category.ROLLBACK, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A moving tag where a fixed one was, and a pull policy that pulls no more."""
    for container in kept_containers(change):
        was, becomes = (text(side, "image") for side in (container.before, container.after))
        if was and becomes and _is_moved(becomes) and not _is_moved(was):
            yield _moves(container, was, becomes)
        policy = text(container.after, "imagePullPolicy")
        if policy == "Never" and text(container.before, "imagePullPolicy") != "Never":
            yield _never(container)


def _moves(container: KeptContainer, was: str, becomes: str) -> Violation:
    return Violation(
        message=f"container {container.name} runs whatever {becomes} names at the moment, and a "
        "rollback does not bring its old content back",
        because=f"{was} named one version",
        path=f"{container.path}/image",
        before=was,
        after=becomes,
        direction=Direction.ROLLBACK,
        fixes=(Fix("name a version or a digest"),),
    )


def _never(container: KeptContainer) -> Violation:
    return Violation(
        message=f"container {container.name} starts only on nodes that have its image already",
        because="imagePullPolicy becomes Never: nothing is pulled (ErrImageNeverPull)",
        path=f"{container.path}/imagePullPolicy",
        after="Never",
        category=Category.DOWNTIME,
        fixes=(Fix("leave imagePullPolicy out, or set IfNotPresent"),),
    )


def _is_moved(image: str) -> bool:
    """Whether a name has no digest, and a tag that is moved or none."""
    return "@" not in image and tag(image) in MOVED

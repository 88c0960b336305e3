"""Pods lose the Secret that pulls their images.

What happens: on a node that does not have the image yet, the pod waits in ImagePullBackOff; pods
that run stay, so nobody sees it until a node goes or the image changes.

Why: imagePullSecrets of a workload or of its ServiceAccount loses a name, no other one takes its
place, and the images still come from the same registry.

What to do instead: keep the Secret there, unless the nodes have credentials of their own, or the
images have become public.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.images import registry
from policylint.kubernetes.api.reading import part, parts, text
from policylint.kubernetes.api.workloads import (
    TEMPLATES,
    account_of,
    containers,
    pod_template,
    template_path,
)
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Kept,
    Manifest,
    Object,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A kept workload or ServiceAccount with fewer pull Secrets, and none in exchange."""
    for change in upgrade.of("ServiceAccount"):
        if isinstance(change, Kept) and not change.id.group and change.fields:
            yield from _lost(change, change.before.body, change.after.body, "", set())
    for change in upgrade.of(*TEMPLATES):
        if isinstance(change, Kept) and change.fields:
            yield from _of_workload(change, upgrade.after)


def _of_workload(change: Kept, side: Manifest) -> Iterator[Violation]:
    before, after = pod_template(change.before), pod_template(change.after)
    if before is None or after is None or not _registries(before) & _registries(after):
        return
    spec = f"{template_path(change.id.kind)}/spec"
    of_account = _of_account(change.after, side)
    yield from _lost(change, part(before, "spec"), part(after, "spec"), spec, of_account)


def _lost(
    change: Kept, before: Object, after: Object, root: str, elsewhere: set[str]
) -> Iterator[Violation]:
    old, new = _names(before), _names(after)
    gone = old - new - elsewhere
    if gone and not new - old:
        names = ", ".join(sorted(gone))
        yield Violation(
            message=f"the pods of {change.id} pull their images without Secret {names}",
            because="imagePullSecrets has no other one in exchange; where neither nodes nor "
            "ServiceAccount have credentials, a private image is not pulled",
            path=f"{root}/imagePullSecrets",
            resource=change.id,
            fixes=(
                Fix(f"keep {names} in imagePullSecrets"),
                Fix("see that the registry gives the image to everybody, or to the nodes"),
            ),
        )


def _names(holder: Object) -> set[str]:
    return {text(entry, "name") for entry in parts(holder, "imagePullSecrets")} - {""}


def _of_account(workload: Resource, side: Manifest) -> set[str]:
    """The pull Secrets of the pods' ServiceAccount, where the release has it."""
    named = account_of(workload)
    account = side.resources.get(named) if named else None
    return _names(account.body) if account else set()


def _registries(template: Object) -> set[str]:
    images = (text(container, "image") for _, container in containers(template))
    return {registry(image) for image in images if image}

"""Nothing makes the Secret any more that pods read.

What happens: where the operator owns the Secret it is deleted with what made it, and new pods wait
for it (CreateContainerConfigError, FailedMount); where it stays, nothing keeps it up to date:
certificates run out, passwords that are rotated no longer fit.

Why: the ExternalSecret, SealedSecret, Certificate or Vault resource that made it is deleted, or
writes to a Secret of another name, while pods still read the old one.

What to do instead: change the name on both sides in one upgrade, or keep what makes the Secret.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part, text
from policylint.kubernetes.api.workloads import references, referred, workloads
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

MAKERS = {
    ("external-secrets.io", "ExternalSecret"): ("target", "name"),
    ("bitnami.com", "SealedSecret"): ("template", "metadata", "name"),
    ("cert-manager.io", "Certificate"): ("secretName",),
    ("secrets.hashicorp.com", "VaultStaticSecret"): ("destination", "name"),
    ("secrets.hashicorp.com", "VaultDynamicSecret"): ("destination", "name"),
    ("secrets.hashicorp.com", "VaultPKISecret"): ("destination", "name"),
    ("secrets.infisical.com", "InfisicalSecret"): ("managedSecretReference", "secretName"),
}
"""Where resources that operators make Secrets of name them, below spec; without one it is named as
they are (External Secrets, Sealed Secrets)."""


@rule(category=Category.DOWNTIME, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload of the after side reads a Secret that something of the before side made, and that
    is neither rendered nor made on the after side."""
    before, after = _made(upgrade.before), _made(upgrade.after)
    gone = {
        secret: maker
        for secret, maker in before.items()
        if secret not in after and secret not in upgrade.after.resources
    }
    for workload in workloads(upgrade.after) if gone else ():
        read = {
            referred(workload, reference): reference.path
            for reference in references(workload)
            if reference.kind == "Secret" and not reference.optional
        }
        for secret in sorted(read.keys() & gone.keys()):
            yield _violation(workload, secret, gone[secret], read[secret], upgrade)


def _violation(
    workload: Resource, secret: ResourceId, maker: Resource, path: str, upgrade: Upgrade
) -> Violation:
    stays = maker.id in upgrade.after.resources
    does = "makes another Secret" if stays else "is deleted"
    return Violation(
        message=f"{workload.id} reads {secret}, which nothing makes any more",
        because=f"{maker.id} made it, and {does}",
        path=path,
        resource=workload.id,
        fixes=(
            Fix(f"keep {maker.id} as it was as long as pods read {secret.name}"),
            Fix("let the pods read the new Secret in the upgrade after the one that makes it"),
        ),
    )


def _made(side: Manifest) -> dict[ResourceId, Resource]:
    """What makes each Secret of a side."""
    made: dict[ResourceId, Resource] = {}
    for resource in side.resources.values():
        steps = MAKERS.get((resource.id.group, resource.id.kind))
        if steps is not None:
            holder = part(resource.body, "spec", *steps[:-1])
            name = text(holder, steps[-1]) or resource.id.name
            made[ResourceId("", "Secret", resource.id.namespace, name)] = resource
    return made

"""The CRDs of crds/ change, and Helm does not upgrade them.

What happens: after the upgrade the cluster has the new controller and the old
CustomResourceDefinitions. A custom resource that uses a field which only the new definition has
loses the field (client-side apply) or is refused (server-side apply); one of a kind or version that
only the new chart defines is refused.

Why: Helm installs what is in crds/ with the first release, and never touches it again, neither on
upgrade nor on rollback.

What to do instead: apply the new definitions before the upgrade, with kubectl apply --server-side
(they are too large for client-side apply), or ship them as templates or in a chart of their own.
"""

import shlex
from collections.abc import Iterator, Mapping

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.crds.decode import decode_causes
from policylint.kubernetes.crds.prepare import unknown_fields
from policylint.kubernetes.crds.served import schema_of, served_version
from policylint.model import (
    Apply,
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    Kept,
    Object,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.pointers import of_field
from policylint.runtime.sentences import first_of


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """Definitions of crds/ that differ between the sides, and custom resources of the after side
    that need them."""
    if not upgrade.before.resources:
        return  # an installation brings them in
    old = {crd.id: crd for crd in upgrade.before.crds}
    stale = [
        crd
        for crd in upgrade.after.crds
        if crd.id not in upgrade.after.resources and _differs(old, crd)
    ]
    if stale:
        yield _stale(stale, known=bool(old))
    if stale and old:
        yield from _needing(upgrade, stale, old, context)


def _differs(old: Mapping[ResourceId, Resource], crd: Resource) -> bool:
    before = old.get(crd.id)
    return before is None or (
        before is not crd and part(before.body, "spec") != part(crd.body, "spec")
    )


def _stale(stale: list[Resource], *, known: bool) -> Violation:
    names = first_of([crd.id.name for crd in stale], 3)
    many = f"{len(stale)} CRDs" if len(stale) > 1 else "a CRD"
    because = "they differ from those of the before side"
    if not known:
        because = (
            "nothing is known of the definitions that the cluster has: the before side shows none"
        )
    return Violation(
        message=f"Helm does not upgrade {many} of crds/: the cluster keeps what it has of {names}",
        because=because,
        severity=Severity.WARNING if known else Severity.NOTE,
        confidence=Confidence.CERTAIN if known else Confidence.DEPENDS,
        fixes=(_apply(stale),),
    )


def _apply(stale: list[Resource]) -> Fix:
    return Fix(
        "apply the definitions of the new chart before the upgrade", steps=tuple(_steps(stale))
    )


def _steps(stale: list[Resource]) -> Iterator[str]:
    """Of a chart Helm prints what it would install: without what .helmignore leaves out, and with
    the definitions of charts in charts/."""
    how = "kubectl apply --server-side --force-conflicts -f"
    files = list(dict.fromkeys(crd.origin.file for crd in stale))
    own = [file for file in files if not file.startswith("crds/") and "/crds/" not in file]
    if own != files:
        yield f"helm show crds CHART | {how} -"
    yield from (f"{how} {shlex.quote(file)}" for file in own)


def _needing(
    upgrade: Upgrade, stale: list[Resource], old: Mapping[ResourceId, Resource], context: Context
) -> Iterator[Violation]:
    """The custom resources that the old definitions do not take as they are."""
    new = _used(upgrade, stale, old)
    for change in upgrade.changes:
        crd = new.get((change.id.group, change.id.kind))
        if (
            crd is None
            or isinstance(change, Deleted)
            or (isinstance(change, Kept) and not change.fields)
        ):
            continue
        missing = _missing(change.after.body, old.get(crd.id), crd.body)
        if missing:
            yield _needs(change, crd, missing, context.target.apply)


def _used(
    upgrade: Upgrade, stale: list[Resource], old: Mapping[ResourceId, Resource]
) -> dict[tuple[str, str], Resource]:
    """The stale definitions that objects of the release are of, by group and kind."""
    kinds = {(change.id.group, change.id.kind) for change in upgrade.changes}
    used = [crd for crd in stale if _defines(crd) in kinds]
    return {_defines(crd): crd for crd in used if _are_decodable(crd, old.get(crd.id))}


def _are_decodable(new: Resource, old: Resource | None) -> bool:
    """Whether a server can hold both definitions."""
    return not decode_causes(new.body) and (old is None or not decode_causes(old.body))


def _defines(crd: Resource) -> tuple[str, str]:
    spec = part(crd.body, "spec")
    return str(spec.get("group", "")), str(part(spec, "names").get("kind", ""))


def _missing(body: Object, old: Resource | None, new: Object) -> str:
    """What the old definition lacks for this object: "kind", a version ("v1") or a field
    ("spec.size"); else ""."""
    api_version = str(body.get("apiVersion"))
    if old is None:
        return "kind"
    before, after = served_version(old.body, api_version), served_version(new, api_version)
    if after is None:
        return ""
    if before is None:
        return api_version.partition("/")[2]
    schema, wanted = schema_of(before, old.body), schema_of(after, new)
    if schema is None or wanted is None:
        return ""
    gained = sorted(set(unknown_fields(body, schema)) - set(unknown_fields(body, wanted)))
    if gained:
        return gained[0]
    return ""


def _needs(change: Created | Kept, crd: Resource, missing: str, apply: Apply) -> Violation:
    is_field = "." in missing
    dropped = is_field and apply is not Apply.SERVER_SIDE
    if is_field:
        because = f"the definition in the cluster does not have {missing}"
    else:
        because = (
            "the cluster does not serve the "
            f"{'kind' if missing == 'kind' else f'version {missing}'} yet"
        )
    return Violation(
        message=f"{change.id} needs the new CRD {crd.id.name}: "
        + ("the cluster drops the field" if dropped else "the cluster refuses it"),
        because=f"{because}, and Helm does not upgrade crds/",
        path=of_field(missing) if is_field else "/apiVersion",
        resource=change.id,
        category=Category.DOWNTIME if dropped else Category.CLUSTER_REJECTS,
        severity=Severity.ERROR,
        fixes=(_apply([crd]),),
    )

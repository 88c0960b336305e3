"""A CustomResourceDefinition loses a version that it serves, or fields of its schema.

What happens: clients of a version that is no longer served fail at once, and where objects are
stored in it the API server refuses the update. Fields that leave the schema are dropped from every
object when it is next written, without a word.

Why: the API server keeps only what the schema declares (pruning), and serves only the versions
listed. What the cluster stores, status.storedVersions tells.

What to do instead: move the objects and their clients first; keep the version with served: true
until nobody asks for it, and the field until no object has it.
"""

from collections.abc import Iterator, Mapping
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part, parts
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Kept,
    Object,
    Severity,
    Violation,
)
from policylint.runtime.sentences import first_of

SHOWN = 5


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """Versions that are served no longer, and fields that a version has no longer."""
    if change.id.kind != "CustomResourceDefinition" or not change.fields:
        return
    after = _versions(change.after.body)
    for name, version in _changed(_versions(change.before.body), after):
        new = after.get(name)
        if _is_served(version) and (new is None or not _is_served(new)):
            yield _dropped(change, name)
        elif new is not None and not _keeps_all(new):
            lost = sorted(_declared(version) - _declared(new))
            if lost:
                yield _pruned(change, name, lost)


def _versions(crd: Object) -> dict[str, Object]:
    return {str(version.get("name")): version for version in parts(crd, "spec", "versions")}


def _changed(
    before: Mapping[str, Object], after: Mapping[str, Object]
) -> Iterator[tuple[str, Object]]:
    """The versions that do not stay as they are: most bumps leave all schemas alone, and comparing
    costs less than looking for their fields."""
    for name, version in before.items():
        if after.get(name) != version:
            yield name, version


def _is_served(version: Object) -> bool:
    return version.get("served") is True


def _keeps_all(version: Object) -> bool:
    return _takes_all(part(version, "schema", "openAPIV3Schema"))


def _takes_all(schema: Object) -> bool:
    return schema.get("x-kubernetes-preserve-unknown-fields") is True


def _declared(version: Object) -> set[str]:
    """The fields of a version's schema, as paths; a part of any shape counts as one field."""
    paths: set[str] = set()
    waiting: list[tuple[str, Object]] = [("", part(version, "schema", "openAPIV3Schema"))]
    while waiting:
        path, schema = waiting.pop()
        for name in part(schema, "properties"):
            inner = f"{path}.{name}".lstrip(".")
            paths.add(inner)
            if _takes_all(part(schema, "properties", name)):
                paths.add(f"{inner}.*")
            waiting.append((inner, part(schema, "properties", name)))
        for key in ("items", "additionalProperties"):
            below = part(schema, key)
            if below:
                waiting.append((f"{path}[]", below))
    return paths


def _dropped(change: Kept, version: str) -> Violation:
    name = change.id.name
    return Violation(
        message=f"{name} serves {version} no longer: whoever asks for it fails, and the upgrade is "
        "refused where objects are stored in it",
        because=f"the version {version} is served before and not after",
        path="/spec/versions",
        before=version,
        fixes=(
            Fix(f"keep serving {version} as long as anybody asks for it"),
            Fix(
                "see whether anything is stored in it, and move it first",
                steps=(
                    f"kubectl get crd {quote(name)} -o jsonpath='{{.status.storedVersions}}'",
                    f"kubectl get {quote(name)} -A -o json | kubectl replace -f -",
                ),
            ),
        ),
    )


def _is_below(path: str, lost: list[str]) -> bool:
    return any(path.startswith((f"{upper}.", f"{upper}[")) for upper in lost)


def _pruned(change: Kept, version: str, lost: list[str]) -> Violation:
    top = [path for path in lost if not _is_below(path, lost)]
    return Violation(
        message=f"{change.id.name} drops {first_of(top, SHOWN)} from every object that has "
        "it, when it is next written",
        because=f"the schema of {version} declares it no longer: what is not declared is pruned",
        path="/spec/versions",
        before=", ".join(top[:SHOWN]),
        fixes=(
            Fix(f"keep it in the schema of {version} as long as an object may have it"),
            Fix(
                "see which objects have it, and move their content first",
                steps=(f"kubectl get {quote(change.id.name)} -A -o yaml",),
            ),
        ),
    )

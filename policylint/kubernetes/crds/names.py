"""The names a CRD gives: its own, the group, those of kinds and versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policylint.cel.formats import NAMED
from policylint.kubernetes.api.fielderrors import invalid, required
from policylint.model import Cause, Object

_LABEL = NAMED["dns1035Label"].check
_DOMAIN = NAMED["dns1123Subdomain"].check


def name_causes(crd: Object, created: bool) -> Iterator[Cause]:
    """The errors of `spec.names`, and at creation of `metadata.name`."""
    names = crd["spec"]["names"]
    if created:
        yield from _own_name(crd)
    for field in ("plural", "singular", "kind", "listKind"):
        if not names.get(field):
            yield required(f"spec.names.{field}")
    yield from _label("spec.names.plural", names.get("plural"))
    yield from _label("spec.names.singular", names.get("singular"))
    yield from _kind("spec.names.kind", names.get("kind"))
    yield from _kind("spec.names.listKind", names.get("listKind"))
    yield from _labels("spec.names.shortNames", names.get("shortNames"))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        text = "kind and listKind may not be the same"
        yield invalid("spec.names.listKind", names["listKind"], text)
    yield from _labels("spec.names.categories", names.get("categories"))


def _own_name(crd: Object) -> Iterator[Cause]:
    plural, group = crd["spec"]["names"].get("plural"), crd["spec"].get("group")
    name = str((crd.get("metadata") or {}).get("name") or "")
    if name != f"{plural or ''}.{group or ''}":
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')


def _labels(path: str, values: list[str] | None) -> Iterator[Cause]:
    for at, value in enumerate(values or ()):
        yield from _label(f"{path}[{at}]", value, required_=True)


def group_causes(spec: Object) -> Iterator[Cause]:
    """The errors of `spec.group`."""
    group = str(spec.get("group") or "")
    if not group:
        yield required("spec.group", "")
    elif problems := _DOMAIN(group):
        yield invalid("spec.group", group, ",".join(problems))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")


def version_name_causes(version: Object, at: int) -> Iterator[Cause]:
    """The errors of one version's name."""
    yield from _label(f"spec.versions[{at}].name", version.get("name"), required_=True)


def _label(path: str, value: Any, required_: bool = False) -> Iterator[Cause]:
    text = str(value or "")
    if (text or required_) and (problems := _LABEL(text)):
        yield invalid(path, text, ",".join(problems))


def _kind(path: str, value: Any) -> Iterator[Cause]:
    text = str(value or "")
    if text and (problems := _LABEL(text.lower())):
        yield invalid(
            path, text, f"may have mixed case, but should otherwise match: {','.join(problems)}"
        )

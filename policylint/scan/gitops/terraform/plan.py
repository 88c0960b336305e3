"""Terraform and OpenTofu: the exact pair of each `helm_release` in the JSON of a plan.

Source: the JSON output format of Terraform's documentation (`terraform show -json PLAN`):
`resource_changes[].change` with `actions`, `before`, `after`, `after_unknown`; the helm_release of
hashicorp/helm v2 (`set` as blocks: lists) and v3 (the same as attributes).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer
from policylint.scan.gitops.tree import mapping, sequence, string, value

_TYPE = "helm_release"


class Plan(Struct, frozen=True):
    """What a plan says of helm releases: as they are, and as they will be."""

    before: Declarations
    after: Declarations


def is_plan(document: Json) -> bool:
    """Whether a JSON document is a plan as `terraform show -json` prints it."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("format_version"), str)
        and isinstance(document.get("resource_changes"), list)
    )


def plan(document: dict[str, Json], file: str) -> Plan:
    """The releases of a plan, before and after."""
    sides: tuple[list[Declared], list[Declared]] = ([], [])
    for change in sequence(document, "resource_changes"):
        if string(change, "type") != _TYPE or string(change, "mode") == "data":
            continue
        for side, release in _sides(change, file):
            sides[side].append(release)
    before, after = sides
    return Plan(Declarations(tuple(before)), Declarations(tuple(after)))


def _sides(change: Json, file: str) -> Iterator[tuple[int, Declared]]:
    """(0, as it is) and (1, as it will be); one that is replaced is uninstalled and installed."""
    address = string(change, "address")
    body = mapping(change, "change")
    actions = sequence(body, "actions")
    is_replaced = "delete" in actions and "create" in actions
    for number, name in enumerate(("before", "after")):
        attributes = value(body, name)
        if not isinstance(attributes, dict):
            continue
        unknown = mapping(body, "after_unknown") if number else {}
        if is_replaced and not number:
            identity = f"{address} replaced"
        else:
            identity = ""
        yield number, _release(attributes, unknown, address, file, identity)


def _release(
    attributes: dict[str, Json],
    unknown: dict[str, Json],
    address: str,
    file: str,
    identity: str,
) -> Declared:
    layers, broken = _layers(attributes, address, file)
    return Declared(
        tool="terraform",
        name=string(attributes, "name"),
        namespace=string(attributes, "namespace") or "default",
        file=file,
        line=1,
        identity=identity,
        chart=chart_of(attributes),
        layers=layers,
        sets=tuple(sets_of(attributes)),
        secrets=tuple(_secrets(attributes)),
        settings=settings_of(attributes),
        unresolved=(*broken, *_unknown(unknown, address)),
    )


def chart_of(attributes: dict[str, Json]) -> ChartSource:
    """The chart of a helm_release: a name in a repository, an OCI reference, or a path."""
    chart, repository = string(attributes, "chart"), string(attributes, "repository")
    version = string(attributes, "version")
    if chart.startswith("oci://"):
        return ChartSource("oci", chart.rpartition("/")[2], chart, version)
    if repository.startswith("oci://"):
        return ChartSource("oci", chart, f"{repository.rstrip('/')}/{chart}", version)
    if repository:
        return ChartSource("repository", chart, repository.rstrip("/"), version)
    if chart.startswith((".", "/")) or chart.count("/") > 1:
        return ChartSource("path", chart)
    return ChartSource("unknown", chart, "", version)


def settings_of(attributes: dict[str, Json]) -> dict[str, Json]:
    """What decides how the release is rolled out."""
    renderer = value(attributes, "postrender")
    return {
        "prune": True,
        "install.crds": "Skip" if value(attributes, "skip_crds") is True else "Create",
        "upgrade.force": value(attributes, "force_update") is True,
        "upgrade.takeOwnership": value(attributes, "take_ownership") is True,
        "upgrade.preserveValues": value(attributes, "reuse_values") is True,
        "postRenderers": [renderer] if renderer else [],
    }


def _layers(
    attributes: dict[str, Json], address: str, file: str
) -> tuple[tuple[Layer, ...], list[str]]:
    layers: list[Layer] = []
    broken: list[str] = []
    for number, text in enumerate(sequence(attributes, "values")):
        label = f"values[{number}] of {address}"
        try:
            values = load(str(text or ""), file)
        except ReadError as error:
            broken.append(f"{label} cannot be read: {error.message}")
            continue
        if isinstance(values, dict):
            layers.append(Layer("values", values, file=file, label=label))
    return tuple(layers), broken


def sets_of(attributes: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """`set`, `set_list`, `set_sensitive` and `set_wo` as Helm's flags, in the provider's order
    (helm/resource_release.go, getValues)."""
    for entry in sequence(attributes, "set"):
        yield _set(entry)
    for entry in sequence(attributes, "set_list"):
        items = ",".join(str(item) for item in sequence(entry, "value"))
        yield "set", f"{string(entry, 'name')}={{{items}}}"
    for field in ("set_sensitive", "set_wo"):
        for entry in sequence(attributes, field):
            yield _set(entry)


def _secrets(attributes: dict[str, Json]) -> Iterator[str]:
    """The values of `set_sensitive`, which the JSON of a plan holds in clear."""
    for field in ("set_sensitive", "set_wo"):
        for entry in sequence(attributes, field):
            text = str(value(entry, "value") or "")
            if text:
                yield text


def _set(entry: Json) -> tuple[str, str]:
    kinds = {"string": "set-string", "literal": "set-literal"}
    flag = kinds.get(string(entry, "type"), "set")
    setting = value(entry, "value")
    if isinstance(setting, bool):
        text = str(setting).lower()
    else:
        text = str(setting)
    return flag, f"{string(entry, 'name')}={text}"


def _unknown(unknown: dict[str, Json], address: str) -> Iterator[str]:
    """What is known only after the plan is applied, of what decides the release."""
    for field in ("name", "namespace", "chart", "repository", "version", "values", "set"):
        if _holds_true(unknown.get(field)):
            yield f"{field} of {address} is known after apply only"


def _holds_true(entry: Json) -> bool:
    if isinstance(entry, dict):
        return any(_holds_true(inner) for inner in entry.values())
    if isinstance(entry, list):
        return any(_holds_true(inner) for inner in entry)
    return entry is True

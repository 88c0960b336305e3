"""Every object that a real API server took is valid: as it was sent, as it was stored, in every
recorded minor."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policylint.kubernetes.api.schemas import RECORDED, minor_number, schemas
from policylint.kubernetes.forecast.decode import decode
from policylint.kubernetes.validity import validate, validate_sent
from policylint.model import Apply, Cause, Target

ORACLE = Path(__file__).parents[3] / "fixtures" / "oracle"
SHARED = Path(os.environ.get("POLICYLINT_ORACLE", ORACLE.parents[2] / "shared" / "oracle"))
CLEARED = {
    ("Service", "spec.ports[0].nodePort"),
    ("Service", "spec.healthCheckNodePort"),
    ("Service", "spec.clusterIPs"),
}
"""Fields that an update loses before it is validated when the Service no longer has their type, and
node ports, which a dry run does not allocate: seen in after objects as sent, never in an object as
stored by an update."""

MERGED = {("Deployment", "volumeMounts"), ("Service", "ports")}
"""Lists whose duplicates Helm 3's patch merges into one before the server sees them."""


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield json.loads(line)


def _errors(obj: Any, target: Target, *, as_sent: bool) -> list[tuple[str, Cause]]:
    known = schemas(target.kubernetes)
    node = known.kind(obj["apiVersion"], obj["kind"])
    if node is None:
        return []
    stored = decode(node, obj, minor_number(target.kubernetes))
    causes = validate(stored, known, target) + (
        validate_sent(obj, known, target) if as_sent else ()
    )
    return [(obj["kind"], cause) for cause in causes]


def _unexplained(causes: list[tuple[str, Cause]]) -> list[tuple[str, str, str]]:
    return [
        (kind, cause.field, cause.message)
        for kind, cause in causes
        if (kind, cause.field) not in CLEARED
    ]


@pytest.mark.parametrize("minor", RECORDED)
def test_recorded_fields(minor: str) -> None:
    target = Target(minor, apply=Apply.SERVER_SIDE)
    causes = []
    for row in _rows(ORACLE / f"fields-{minor}.jsonl.gz"):
        objects = [row["before"]] + ([row["after"]] if row["verdict"] == "accepted" else [])
        causes += [error for obj in objects for error in _errors(obj, target, as_sent=True)]
    assert _unexplained(causes) == []


@pytest.mark.parametrize("minor", RECORDED)
def test_recorded_defaults(minor: str) -> None:
    target = Target(minor, apply=Apply.SERVER_SIDE)
    causes = []
    for row in _rows(ORACLE / f"defaults-{minor}.jsonl.gz"):
        causes += _errors(row["sent"], target, as_sent=True)
        causes += _errors(row["stored"], target, as_sent=False)
    assert _unexplained(causes) == []


@pytest.mark.parametrize(
    ("helm", "apply"), [("helm3", Apply.CLIENT_SIDE), ("helm4", Apply.SERVER_SIDE)]
)
def test_recorded_releases(helm: str, apply: Apply) -> None:
    target = Target("1.36", apply=apply)
    causes = []
    for row in _rows(ORACLE / "scenarios-1.36.jsonl.gz"):
        if row[helm]["forward"]["verdict"] == "accepted":
            causes += [
                error for obj in row["after"] for error in _errors(obj, target, as_sent=True)
            ]
    merged = {(kind, name) for kind, name in MERGED if apply is Apply.CLIENT_SIDE}
    rest = [
        error
        for error in _unexplained(causes)
        if not any(error[0] == kind and name in error[1] for kind, name in merged)
    ]
    assert rest == []


def test_recorded_charts() -> None:
    """Both sides of every upgrade of a public chart that was accepted: read in place, never
    copied."""
    path = SHARED / "upgrades-1.36.jsonl.gz"
    if not path.exists():
        pytest.skip(
            "upgrades-1.36 is not here: set POLICYLINT_ORACLE to the directory that holds it"
        )
    yaml = pytest.importorskip("yaml")
    target = Target("1.36", apply=Apply.CLIENT_SIDE)
    causes = []
    for number, row in enumerate(_rows(path)):
        if number % 5 == 0 and row["helm3_upgrade"]["ok"]:
            for side in ("before_manifest", "after_manifest"):
                objects = [obj for obj in yaml.load_all(row[side], Loader=yaml.CSafeLoader) if obj]
                causes += [error for obj in objects for error in _errors(obj, target, as_sent=True)]
    assert _unexplained(causes) == []

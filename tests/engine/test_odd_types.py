"""Values of types that no field has never break a rule: it judges what is left, and the forecast
says what the API server makes of the rest."""

from __future__ import annotations

import copy
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from policylint.errors import PolicylintError
from tests.cases import RuleCase, judged, rule_cases
from tests.pipeline.test_mutations import ODD, paths

pytestmark = pytest.mark.heavy

ROUNDS = int(os.environ.get("POLICYLINT_FUZZ", "40"))
SIDES = ("before.yaml", "after.yaml", "live.yaml", "before-crds.yaml", "after-crds.yaml")
BROKEN = ("TypeError", "AttributeError", "KeyError", "IndexError", "ValueError")
_CONTAINER = (0, "spec", "template", "spec", "containers", 0)
_SCHEMA = (0, "spec", "versions", 0, "schema")
PLACES: tuple[tuple[str, tuple[Any, ...], Any], ...] = (
    ("duplicate-env-name/fail-twice-under-helm-3", (*_CONTAINER, "env", 1, "name"), [None]),
    ("target-port-moved/pass-application-moves", (*_CONTAINER, "ports", 0, "name"), [1, [2]]),
    ("host-port-collision/pass-own-ports", (1, *_CONTAINER[1:], "ports", 0, "hostPort"), [{}]),
    ("ingress-host-dropped/fail-path-removed", (1, "spec", "type"), ["a"]),
    ("reference-key-missing/fail-item-of-a-volume", (*_CONTAINER, "volumeMounts", 0, "name"), {}),
    ("invalid-object/fail-mount-without-volume", (*_CONTAINER, "volumeMounts", 0, "name"), [[]]),
    (
        "read-only-root-turned-on/pass-writes-to-tmp",
        (0, "spec", "template", "spec", "volumes", 0, "name"),
        {},
    ),
    (
        "placement-narrowed/pass-linux",
        (0, "spec", "template", "spec", "nodeSelector", "kubernetes.io/os"),
        ["a"],
    ),
    (
        "persistence-switched-off/fail-ephemeral-volume-at-the-same-path",
        (0, "spec", "template", "spec", "volumes", 0, "persistentVolumeClaim", "claimName"),
        [{"name": ["x"]}],
    ),
    ("ca-bundle-emptied/fail-dropped", (0, "webhooks"), [{"name": ["x"]}]),
    ("ca-bundle-emptied/pass-kept", (0, "webhooks", 0, "name"), [{}]),
    ("tls-secret-dropped/fail-secret-deleted", (0, "spec", "tls", 0, "hosts"), 10**30),
    ("network-policy-narrowed/pass-peer-added", (1, "spec", "ingress", 0), [[]]),
    ("network-policy-narrowed/pass-allowed-by-another", (1, "spec", "ingress", 0, "from", 0), [1]),
    ("network-policy-narrowed/pass-allowed-by-another", (2, "spec", "ingress", 0, "ports"), "x"),
    ("network-policy-isolates/pass-allows-all", (1, "spec", "ingress"), [1, [2]]),
    ("crds-not-upgraded/fail-field-dropped-by-helm-3", _SCHEMA, ["a"]),
    (
        "crds-not-upgraded/fail-schema-changed",
        (*_SCHEMA, "openAPIV3Schema", "properties", "spec", "properties"),
        "a: b",
    ),
    (
        "custom-resource-invalid/pass-size-changed",
        (*_SCHEMA, "openAPIV3Schema", "properties", "spec"),
        None,
    ),
    (
        "custom-resource-invalid/pass-size-changed",
        (*_SCHEMA, "openAPIV3Schema", "properties", "spec"),
        ["a"],
    ),
)
"""(case, place, value) of what once broke a rule."""


def replaced(side: Path, place: tuple[Any, ...], value: Any) -> bool:
    """Put a value at a place of a side; whether the side has that place."""
    documents = list(yaml.safe_load_all(side.read_text()))
    owner: Any = documents
    try:
        for step in place[:-1]:
            owner = owner[step]
        owner[place[-1]] = copy.deepcopy(value)
    except (KeyError, IndexError, TypeError):
        return False
    side.write_text(yaml.safe_dump_all(documents))
    return True


def assert_judged(case: RuleCase, what: object) -> None:
    try:
        failures = judged(case).failures
    except PolicylintError:  # said, with what to do about it
        return
    broken = [failure for failure in failures if any(word in failure.message for word in BROKEN)]
    assert broken == [], what


@pytest.mark.parametrize(("name", "place", "value"), PLACES)
@pytest.mark.parametrize("sides", [SIDES, ("before.yaml", "before-crds.yaml"), ("after.yaml",)])
def test_no_odd_type_breaks_a_rule(
    tmp_path: Path, name: str, place: tuple[Any, ...], value: Any, sides: tuple[str, ...]
) -> None:
    case = next(case for case in rule_cases() if case.id == name)
    shutil.copytree(case.path, tmp_path / "case")
    for side in sides:
        if (file := tmp_path / "case" / side).exists():
            replaced(file, place, value)
    assert_judged(RuleCase(case.rule, tmp_path / "case"), (name, place, value))


def test_no_odd_type_anywhere_breaks_a_rule(tmp_path: Path) -> None:
    cases = [case for case in rule_cases() if (case.path / "after.yaml").exists()]
    for seed in range(ROUNDS):
        chance = random.Random(f"odd {seed}")
        case = chance.choice(cases)
        copied = tmp_path / str(seed)
        shutil.copytree(case.path, copied)
        side = chance.choice([copied / side for side in SIDES if (copied / side).exists()])
        places = [place for place in paths(list(yaml.safe_load_all(side.read_text()))) if place]
        place, value = chance.choice(places), chance.choice(ODD)
        if replaced(side, place, value):
            assert_judged(RuleCase(case.rule, copied), (seed, case.id, side.name, place, value))

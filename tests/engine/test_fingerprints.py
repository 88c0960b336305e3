"""Fingerprints stay while the matter stays: wherever it stands, whatever is said of it."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from policylint.engine.identity import about
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import load
from policylint.model import Confidence, Finding, Fix, Location, Severity
from policylint.runtime.escapes import json_text
from policylint.runtime.patterns import like
from policylint.scan.repository.walk import scan
from tests.engine.samples import upgrade_findings

NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=4), min_size=2, max_size=5, unique=True)


def workload(names: list[str], image: str, labels: dict[str, str]) -> dict[str, Any]:
    containers = [
        {"name": name, "image": f"{name}:{image}", "resources": {"limits": {"memory": "1Gi"}}}
        for name in names
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": containers},
            },
        },
    }


def without_limits(body: dict[str, Any], name: str) -> dict[str, Any]:
    changed = load(json_text(body), "copy")
    for container in changed["spec"]["template"]["spec"]["containers"]:
        if container["name"] == name:
            del container["resources"]
    return changed


def fingerprints(before: dict[str, Any], after: dict[str, Any], blank_lines: int = 0) -> set[str]:
    texts = [Text("web.yaml", "\n" * blank_lines + json_text(body)) for body in (before, after)]
    return {row.fingerprint for row in upgrade_findings(*texts) if row.rule == "limits-removed"}


@given(NAMES, st.randoms(use_true_random=False), st.integers(0, 5), st.data())
def test_lines_orders_and_unrelated_edits_leave_a_fingerprint_as_it_is(
    names: list[str], order: random.Random, lines: int, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(names))
    before = workload(names, "1", {})
    known = fingerprints(before, without_limits(before, name))
    assert len(known) == 1
    shuffled = list(names)
    order.shuffle(shuffled)
    again = workload(shuffled, "2", {"tier": "front"})
    assert fingerprints(again, without_limits(again, name), lines) == known
    unrelated = data.draw(st.sampled_from([candidate for candidate in names if candidate != name]))
    assert fingerprints(before, without_limits(before, unrelated)).isdisjoint(known)


FINDING = Finding(
    rule="limits-removed",
    category="downtime",
    severity=Severity.NOTE,
    confidence=Confidence.CERTAIN,
    direction="upgrade",
    message="lost",
    because="",
    about="/spec/replicas",
)


@given(st.text(), st.text(), st.sampled_from(Severity), st.text(min_size=1), st.integers(0, 10_000))
def test_what_a_version_says_and_where_it_stands_leave_a_fingerprint_as_it_is(
    message: str, because: str, severity: Severity, file: str, line: int
) -> None:
    told = replace(
        FINDING,
        message=message,
        because=because,
        severity=severity,
        confidence=Confidence.LIKELY,
        path="/spec/replicas",
        where=f"{file}#",
        locations=(Location("cause", file, line),),
        fixes=(Fix(message),),
    )
    assert told.fingerprint == FINDING.fingerprint
    assert replace(FINDING, about="/spec/paused").fingerprint != FINDING.fingerprint


def test_a_command_is_itself_in_another_file(tmp_path) -> None:
    def identities(name: str, text: str) -> set[str]:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return {about(run, None, "", ()) for run in scan([file], tmp_path).invocations}

    line = "helm upgrade --install web ./web -n prod\n"
    known = identities("deploy.sh", line)
    assert known == identities("ci/renamed.sh", f"#!/bin/sh\nset -e\n\n{line}")
    assert known.isdisjoint(identities("other.sh", line.replace(" web ", " shop ")))


@given(st.text("ab*", max_size=12), st.text("ab", max_size=12))
def test_a_glob_matches_as_a_regular_expression_would(glob: str, word: str) -> None:
    import re

    wanted = re.fullmatch(".*".join(map(re.escape, glob.split("*"))), word) is not None
    assert like(glob, word) is wanted

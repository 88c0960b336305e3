"""Whatever key of the configuration a pull request turns, it is judged as without, and told so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from policylint.engine.catalogue import schema
from tests.helm.sources.repository import Repo
from tests.helms import any_helm
from tests.pipeline.configuration.test_base import chart

pytestmark = pytest.mark.heavy

RULES = {"statefulset-immutable-field": "off", "immutable-field": "off"}
WAIVER = {
    "rule": "statefulset-immutable-field",
    "resource": "*",
    "path": "*",
    "release": "*",
    "environment": "*",
    "reason": "we know",
    "owner": "me",
    "until": "2099-01-01",
}
PACK = {"path": "./pack", "name": "p", "fail-on": "never", "until": "2099-01-01"}
SHARED = "a shared pack must be fetched first: see tests/commands/test_packs.py"
SIDES = "which side is rendered, not how it is judged: see test_base.py"
TURNED: Mapping[str, Any] = {
    "kubernetes": "1.30",
    "helm": "3",
    "apply": "client-side",
    "level": "data-loss",
    "fail-on": "error",
    "strict": False,
    "default-branch": "feature",
    "select": ["claim-deleted"],
    "ignore": ["cluster-rejects"],
    "crds": ["other.yaml"],
    "policies": ["soft"],
    "extends": ["./soft.yaml"],
    "packs": [PACK],
    "python-rules": ["./pack"],
    "immutable-paths": [{"group": "apps", "kind": "Deployment", "paths": ["/spec/replicas"]}],
    "declared.include": ["nowhere"],
    "declared.exclude": ["*"],
    "declared.fetch": "declared",
    "declared.clusters": "clusters.yaml",
    "declared.at": [{"path": "*", "cluster": "*", "kubernetes": "1.30", "helm": "3"}],
    "rules": RULES,
    "waivers": [WAIVER],
    "waiver-policy.require": [],
    "waiver-policy.allow-new": ["me"],
    "paths.*.level": "data-loss",
    "paths.*.fail-on": "error",
    "paths.*.rules": RULES,
    "environments.prod.kubernetes": "1.30",
    "environments.prod.helm": "3",
    "environments.prod.apply": "client-side",
    "environments.prod.level": "data-loss",
    "environments.prod.fail-on": "error",
    "environments.prod.rules": RULES,
    "environments.prod.api-versions": ["example.org/v1"],
    "environments.new.level": "data-loss",
    "environments.new.fail-on": "error",
    "environments.new.rules": RULES,
    "releases.0.kubernetes": "1.30",
    "releases.0.helm": "3",
    "releases.0.apply": "client-side",
    "releases.0.values-mode": "reuse",
    "releases.0.level": "data-loss",
    "releases.0.fail-on": "error",
    "releases.0.rules": RULES,
    "releases.0.api-versions": ["example.org/v1"],
    "releases.0.environments.prod.kubernetes": "1.30",
    "releases.0.environments.prod.level": "data-loss",
    "releases.0.environments.prod.fail-on": "error",
    "releases.0.environments.prod.rules": RULES,
    "scan.ignore": ["*"],
}
"""What a pull request may turn each key into, `0` for an item, `prod`, `new` and `*` for a name."""
ELSEWHERE = {
    **dict.fromkeys(("git", "ref", "python", "oci"), SHARED),
    **dict.fromkeys(("name", "namespace", "chart", "version", "repo", "values", "set"), SIDES),
    "environment": SIDES,
    "fingerprint": "a waiver without a rule: see test_waiving.py",
}
"""Keys by their last word that are tried elsewhere, and where."""
POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: small}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations: [{expression: "true"}]
"""
FILES = {"crd.yaml": "", "other.yaml": "", "policies/one.yaml": POLICY, "soft/one.yaml": POLICY}
REFUSED = ("statefulset-immutable-field", "error")
BASE = {
    "kubernetes": "1.34",
    "strict": True,
    "level": "practice",
    "fail-on": "note",
    "crds": ["crd.yaml"],
    "policies": ["policies"],
    "waiver-policy": {"require": ["owner", "until"]},
    "environments": {"prod": {"kubernetes": "1.34", "api-versions": ["v1", "apps/v1"]}},
    "releases": [{"name": "shop", "chart": "./shop", "namespace": "prod", "environment": "prod"}],
}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A pull request whose change the cluster refuses."""
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    chart(made)
    template = made.top / "shop/templates/db.yaml"
    known = '{{ if not (.Capabilities.APIVersions.Has "example.org/v1") }}'
    template.write_text(f"{known}\n{template.read_text()}{{{{ end }}}}\n")
    for file, text in FILES.items():
        made.file(file, text)
    made.file(".policylint.yaml", json.dumps(BASE))
    made.commit("base")
    made.git("switch", "--quiet", "--create", "feature")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    made.file("shop/values.yaml", "size: 20Gi\n")
    made.file("soft.yaml", json.dumps({"rules": RULES}))
    made.file("pack/README.md", "")
    return made


def found(capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str]]:
    """(rule, severity) of what is found."""
    assert run(["check", "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    findings = [
        *report["findings"],
        *(row for one in report["releases"] for row in one["findings"]),
    ]
    return {(row["rule"], row["severity"]) for row in findings if not row["waived"]}


def turned(key: str) -> dict[str, Any]:
    """The base's configuration with one key as the pull request has it."""
    config: dict[str, Any] = json.loads(json.dumps(BASE))
    *steps, last = key.split(".")
    place: Any = config
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    place[last] = TURNED[key]
    return config


@pytest.mark.parametrize("key", TURNED)
def test_a_pull_request_is_judged_by_none_of_what_it_turns(
    repo: Repo, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    repo.file(".policylint.yaml", json.dumps(turned(key)))
    rows = found(capsys)
    told = {row for row in rows if row[0] == "gate-changed"}
    assert told
    assert rows - told == {REFUSED}


@pytest.mark.parametrize("file", ["crd.yaml", "policies/one.yaml", "policies/more.yaml"])
def test_what_a_pull_request_writes_into_files_of_the_gate_is_told(
    repo: Repo, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    repo.file(file, f"{FILES.get(file, POLICY)}---\n{POLICY}".replace("small", "large"))
    assert found(capsys) == {REFUSED, ("gate-changed", "warning")}


def test_a_waiver_beside_a_finding_is_told(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    waiver = "# policylint: ignore[statefulset-immutable-field] until 2099-01-01 me: we know"
    repo.file("shop/values.yaml", f"size: 20Gi {waiver}\n")
    assert found(capsys) == {REFUSED, ("gate-changed", "warning")}


def test_every_key_of_the_configuration_is_turned() -> None:
    keys = {leaf.replace("[]", "0") for leaf in leaves(schema("config"))}
    tried = {key.replace(".prod.", ".*.").replace(".new.", ".*.") for key in TURNED}
    missing = {
        key
        for key in keys
        if key.rpartition(".")[2] not in ELSEWHERE
        and not any(key == one or key.startswith(f"{one}.") for one in tried)
    }
    assert not missing


def leaves(node: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The keys of a schema, as dotted paths."""
    properties = dict(node.get("properties", {}))
    if isinstance(node.get("additionalProperties"), dict):
        properties["*"] = node["additionalProperties"]
    if isinstance(node.get("items"), dict):
        properties["[]"] = node["items"]
    below = [leaf for key, child in properties.items() for leaf in leaves(child, f"{path}{key}.")]
    yield from below or [path.rstrip(".")]


def test_another_name_of_the_environment_leaves_its_levels(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads((repo.top / ".policylint.yaml").read_text())
    config["releases"][0]["environment"] = "soft"
    config["environments"]["soft"] = {"rules": RULES, "level": "data-loss"}
    repo.file(".policylint.yaml", json.dumps(config))
    assert REFUSED in found(capsys)

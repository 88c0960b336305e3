"""What the upgrade renders in the cluster that runs the release, with real helms and embedded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from tests.helms import LINES, helm
from tests.pipeline.configuration.test_base import CLAIM, REFUSED, rules


@pytest.fixture(params=[*LINES, "embedded"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param if request.param == "embedded" else helm(request.param).path


def chart(folder: Path, size: str, more: str = "") -> str:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("size: 8Gi\n")
    template = CLAIM.replace("{{ .Values.size }}", size)
    (folder / "templates" / "db.yaml").write_text(template)
    (folder / "templates" / "more.yaml").write_text(more)
    return str(folder)


def check(
    capsys: pytest.CaptureFixture[str], engine: str, before: str, after: str, *words: str
) -> tuple[int, dict[str, Any]]:
    code = run(["check", after, "--before", before, "--helm", engine, "--format", "json", *words])
    return code, json.loads(capsys.readouterr().out)


BY_REVISION = "{{ if gt (int .Release.Revision) 1 }}20Gi{{ else }}8Gi{{ end }}"
BY_CAPABILITY = (
    '{{ if .Capabilities.APIVersions.Has "apps/v1/StatefulSet" }}20Gi{{ else }}8Gi{{ end }}'
)
BY_LOOKUP = '{{ if lookup "v1" "Namespace" "" "default" }}20Gi{{ else }}8Gi{{ end }}'


def test_a_size_that_the_first_upgrade_changes_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    same = chart(tmp_path / "shop", BY_REVISION)
    code, report = check(capsys, engine, same, same)
    assert (code, REFUSED in rules(report)) == (1, True)
    (finding,) = (f for f in report["releases"][0]["findings"] if f["rule"] == REFUSED)
    assert finding["confidence"] == "depends"
    assert "never upgraded since" in finding["because"]


def test_kinds_that_every_cluster_serves_are_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    before = chart(tmp_path / "before", "8Gi")
    code, report = check(capsys, engine, before, chart(tmp_path / "after", BY_CAPABILITY))
    assert (code, REFUSED in rules(report)) == (1, True)


def test_what_is_looked_up_beyond_the_release_is_unknown_until_it_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    before, after = chart(tmp_path / "before", "8Gi"), chart(tmp_path / "after", BY_LOOKUP)
    code, report = check(capsys, engine, before, after)
    (failure,) = report["releases"][0]["failures"]
    assert code == 2
    assert "templates/db.yaml looks up" in failure["message"]
    live = tmp_path / "live.yaml"
    live.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n")
    code, report = check(capsys, engine, before, after, "--live", str(live))
    assert (code, report["releases"][0]["failures"]) == (1, [])


def test_a_password_that_is_looked_up_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    secret = """
{{- $old := lookup "v1" "Secret" .Release.Namespace "login" }}
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData:
  password: >-
    {{ if $old }}{{ index $old.data "password" | b64dec }}{{ else }}{{ randAlphaNum 9 }}{{ end }}
"""
    same = chart(tmp_path / "shop", "8Gi", secret)
    code, report = check(capsys, engine, same, same)
    assert code == 0
    assert {change["impact"] for change in report["releases"][0]["changes"]} == {"none"}


def test_a_chart_that_refuses_to_be_upgraded_without_its_password_renders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    guard = """
{{- if and .Release.IsUpgrade (not (lookup "v1" "Secret" .Release.Namespace "login")) }}
{{- fail "PASSWORDS ERROR: give the current password" }}
{{- end }}
apiVersion: v1
kind: Secret
metadata: {name: login}
data: {password: aGVsbG8=}
"""
    same = chart(tmp_path / "shop", "8Gi", guard)
    assert check(capsys, engine, same, same)[0] == 0


GUARD = """
{{- if and .Release.IsUpgrade (not .Values.password) }}
{{- fail "PASSWORDS ERROR: You must provide your current passwords when upgrading the release" }}
{{- end }}
"""
COMMENTS = """size: 8Gi
## @param secretKey Key, when upgrading the release
##   key: |-
##     -----BEGIN RSA PRIVATE KEY-----
## You must provide your current passwords as existingSecretPasswordKey: DB_PASSWORD
password: ""
"""


def test_a_chart_that_refuses_every_upgrade_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    same = chart(tmp_path / "shop", "8Gi", GUARD)
    Path(same, "values.yaml").write_text(COMMENTS)
    code, report = check(capsys, engine, same, same)
    (finding,) = report["releases"][0]["findings"]
    assert (code, finding["rule"]) == (1, "upgrade-fails")
    told = "PASSWORDS ERROR: You must provide your current passwords when upgrading the release"
    assert told in finding["because"]
    after = chart(tmp_path / "after" / "shop", "8Gi", GUARD)
    Path(after, "values.yaml").write_text("password: swordfish-17\n")
    code, report = check(capsys, engine, same, after)
    assert (code, report["releases"][0]["failures"]) == (0, [])


@pytest.mark.parametrize("place", ["serviceName: db", "matchLabels: {app: db}"])
def test_a_random_value_in_what_may_not_change_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str, place: str
) -> None:
    random = place.replace("db", "db-{{ randAlphaNum 8 | lower }}", 1)
    folder = chart(tmp_path / "shop", "8Gi")
    template = Path(folder, "templates", "db.yaml")
    template.write_text(template.read_text().replace(place, random))
    code, _ = check(capsys, engine, folder, folder)
    assert code == 1


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("values.schema.json", '{"properties": {"size": {"type": "integer"}}}', "size"),
        ("templates/more.yaml", '{{ fail "give a tenant" }}', "give a tenant"),
        ("templates/more.yaml", "{{ .Values.size.request }}", "request"),
        ("templates/more.yaml", "a: b: c", "mapping values"),
    ],
)
def test_what_helm_refuses_for_certain_is_a_fail_told_once(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    engine: str,
    file: str,
    text: str,
    words: str,
) -> None:
    before, after = chart(tmp_path / "before", "8Gi"), chart(tmp_path / "after", "8Gi")
    Path(after, file).write_text(text)
    code, report = check(capsys, engine, before, after)
    (release,) = report["releases"]
    refused = [f for f in release["findings"] if f["rule"] == "upgrade-fails"]
    assert (code, release["failures"], len(refused)) == (1, [], 1)
    assert words in refused[0]["because"]
    assert check(capsys, engine, after, before)[0] == 2  # the old chart says nothing of the upgrade


BY_MONITOR = '{{ if .Capabilities.APIVersions.Has "ASKED" }}20Gi{{ else }}8Gi{{ end }}'
WHOLE = "v1/Pod,apps/v1/StatefulSet"
MONITOR = "monitoring.coreos.com/v1/ServiceMonitor"
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {kind: ServiceMonitor, plural: servicemonitors}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""


def test_a_group_that_nobody_knows_makes_the_verdict_unknown_where_it_decides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    asked = MONITOR if engine == "embedded" else "monitoring.coreos.com/v1"
    before = chart(tmp_path / "before", "8Gi")
    after = chart(tmp_path / "after", BY_MONITOR.replace("ASKED", asked))
    code, report = check(capsys, engine, before, after)
    (failure,) = report["releases"][0]["failures"]
    assert (code, failure["rule"]) == (2, "capabilities")
    assert f"the cluster serves {asked}" in failure["message"]
    assert "pass without it, fail with it" in failure["message"]
    assert f"--api-versions {asked}" in failure["remedy"]
    (finding,) = (f for f in report["releases"][0]["findings"] if f["rule"] == REFUSED)
    assert finding["confidence"] == "depends"
    served = check(capsys, engine, before, after, "--api-versions", asked)
    assert (served[0], served[1]["releases"][0]["failures"]) == (1, [])
    unserved = check(capsys, engine, before, after, "--api-versions", WHOLE)
    assert (unserved[0], unserved[1]["releases"][0]["failures"]) == (0, [])


@pytest.mark.parametrize("option", ["--crds", "--live"])
def test_a_definition_at_hand_tells_what_the_cluster_serves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    before = chart(tmp_path / "before", "8Gi")
    after = chart(tmp_path / "after", BY_MONITOR.replace("ASKED", MONITOR))
    definition = tmp_path / "crd.yaml"
    definition.write_text(DEFINITION)
    code, report = check(capsys, "embedded", before, after, option, str(definition))
    assert (code, report["releases"][0]["failures"]) == (1, [])


GUARDED = """
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: db}
spec: {endpoints: [{port: "{{ .Values.size }}"}]}
{{- end }}
"""
NEEDED = """
{{- if not (.Capabilities.APIVersions.Has "cert-manager.io/v1") }}
{{- fail "install cert-manager first" }}
{{- end }}
"""
REFUSING = """
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}
{{- fail "not for OpenShift" }}
{{- end }}
"""
MADE = """
{{- $monitor := printf "%s/%s" "monitoring.coreos.com" "v1" }}
{{- if .Capabilities.APIVersions.Has $monitor }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: "{{ .Values.wrong | default "Wrong Name" }}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: Wrong}
{{- end }}
"""
TWO = """
{{- if .Capabilities.APIVersions.Has "first.example.com/v1" }}
{{- else if .Capabilities.APIVersions.Has "second.example.com/v1" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: Wrong}
{{- end }}
"""


@pytest.mark.parametrize(
    ("template", "code", "words"),
    [
        pytest.param(GUARDED, 0, "", id="an-object-more"),
        pytest.param(NEEDED, 2, "--api-versions cert-manager.io/v1 ", id="refused-without"),
        pytest.param(REFUSING, 2, "helm refuses to render the chart", id="refused-with"),
        pytest.param(MADE, 2, "monitoring.coreos.com/v1", id="put-together"),
        pytest.param(TWO, 2, "the cluster serves second.example.com/v1,", id="each-alone"),
    ],
)
def test_what_a_cluster_serves_is_told_only_where_it_decides(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    engine: str,
    template: str,
    code: int,
    words: str,
) -> None:
    before, after = chart(tmp_path / "before", "8Gi"), chart(tmp_path / "after", "8Gi", template)
    answered, report = check(capsys, engine, before, after)
    told = [str(failure) for failure in report["releases"][0]["failures"]]
    assert answered == code
    assert [words in text for text in told] == [True] * (1 if words else 0)


WITH_CHECKSUM = """\
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {colour: COLOUR, password: {{ randAlphaNum 16 }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {checksum/secret: {{ randAlphaNum 16 }}}
    spec:
      containers:
        - {name: web, image: "web:1", envFrom: [{secretRef: {name: web}}]}
"""


def test_pods_whose_template_is_made_anew_restart_whatever_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    """Neither "in place" nor "the pods do not restart" is true of them."""
    sides = [
        chart(tmp_path / colour, "8Gi", WITH_CHECKSUM.replace("COLOUR", colour))
        for colour in ("red", "blue")
    ]
    _, report = check(capsys, engine, *sides)
    assert "config-change-without-restart" not in rules(report)
    (release,) = report["releases"]
    (web,) = (row for row in release["changes"] if row["resource"]["kind"] == "Deployment")
    assert (web["impact"], web["reason"]) == (
        "rolling-restart",
        "/spec/template/metadata/annotations/checksum~1secret",
    )
    (finding,) = (row for row in release["findings"] if row["rule"] == "secret-regenerated")
    assert finding["message"] == (
        "Secret web is generated anew at every upgrade, and the pods of Deployment web restart "
        "each time"
    )

"""What `helm upgrade` renders over a release as it stands, with both Helm lines and embedded."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from policylint.helm.engines.binary import HelmBinary
from policylint.helm.engines.embedded import Embedded
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.papercluster import Kind, Lookup, PaperCluster, StandingRelease
from policylint.helm.inputs.sides import ChartSide, ManifestSide, ValuesInput
from policylint.helm.render.asking import asks_of_cluster
from policylint.helm.render.upgrade import render_upgrade
from policylint.kyaml.load import load_all
from tests.helms import LINES, helm

KEPT_SECRET = """
{{- $old := lookup "v1" "Secret" .Release.Namespace "login" }}
apiVersion: v1
kind: Secret
metadata:
  name: login
data:
  password: {{ if $old }}{{ $old.data.password }}{{ else }}{{ randAlphaNum 12 | b64enc }}{{ end }}
"""


def chart(folder: Path, template: str) -> ChartSide:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (folder / "templates" / "all.yaml").write_text(template)
    return ChartSide(
        chart=str(folder),
        values=ValuesInput(),
        release="web",
        namespace="prod",
        kube_version="1.36",
    )


@pytest.fixture(params=[*LINES, "embedded"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return Embedded() if request.param == "embedded" else HelmBinary(helm(request.param).path)


def only(text: str) -> dict:
    (document,) = (d.body() for d in load_all(text, "render") if d.body() is not None)
    return document


def test_a_secret_that_the_chart_looks_up_is_kept(engine: Engine, tmp_path: Path) -> None:
    side = chart(tmp_path / "web", KEPT_SECRET)
    renders = render_upgrade(engine, side, side)
    passwords = {only(made.text)["data"]["password"] for made in (renders.before, renders.after)}
    assert len(passwords) == 1
    assert base64.b64decode(passwords.pop())
    assert renders.lookups == ()


def test_revision_and_capabilities_are_those_of_the_upgrade(engine: Engine, tmp_path: Path) -> None:
    template = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: facts
data:
  revision: "{{ .Release.Revision }}"
  upgrade: "{{ .Release.IsUpgrade }}"
  workloads: "{{ .Capabilities.APIVersions.Has "apps/v1/StatefulSet" }}"
  nowhere: "{{ .Capabilities.APIVersions.Has "nowhere.example/v1" }}"
"""
    side = chart(tmp_path / "web", template)
    renders = render_upgrade(engine, side, side)
    installed, after = only(renders.installed.text)["data"], only(renders.after.text)["data"]
    assert (installed["revision"], installed["upgrade"]) == ("1", "false")
    assert (after["revision"], after["upgrade"]) == ("3", "true")
    assert (after["workloads"], after["nowhere"]) == ("true", "false")


def test_the_revision_of_a_record_is_the_one_before(engine: Engine, tmp_path: Path) -> None:
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: r{{ .Release.Revision }}\n"
    before = ManifestSide(
        (("before.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: r}"),)
    )
    renders = render_upgrade(engine, before, chart(tmp_path / "web", template))
    assert only(renders.after.text)["metadata"]["name"] == "r2"


def test_what_is_looked_up_beyond_the_release_is_told(engine: Engine, tmp_path: Path) -> None:
    template = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: facts
data:
  there: "{{ if lookup "v1" "Namespace" "" "default" }}yes{{ end }}"
  class: {{ (lookup "example.com/v1" "Widget" "prod" "w") | toJson | quote }}
"""
    side = chart(tmp_path / "web", template)
    lookups = render_upgrade(engine, side, side).lookups
    assert Lookup("v1", "Namespace", "", "default") in lookups
    assert "example.com/v1" in {lookup.version for lookup in lookups}


HOOKS = {
    "once": "pre-install",
    "gone": "pre-install\n    helm.sh/hook-delete-policy: hook-succeeded",
    "later": "post-install",
    "upgrade": "pre-upgrade",
    "both": "pre-install,pre-upgrade",
    "test": "test",
}


def test_what_hooks_made_and_nothing_deleted_is_there(engine: Engine, tmp_path: Path) -> None:
    """As `helm upgrade` of both lines found it on kube-apiserver 1.37.2."""
    hooks = "".join(
        f"""
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  annotations:
    helm.sh/hook: {hook}
data: {{revision: "{{{{ .Release.Revision }}}}"}}"""
        for name, hook in HOOKS.items()
    )
    names = " ".join(f'"{name}"' for name in HOOKS)
    template = f"""
apiVersion: v1
kind: ConfigMap
metadata:
  name: facts
data:
  {{{{- range list {names} }}}}
  {{{{- $made := lookup "v1" "ConfigMap" $.Release.Namespace . }}}}
  {{{{- if $made }}}}
  {{{{ . }}}}: "{{{{ $made.data.revision }}}}/{{{{ $made.metadata.labels }}}}"
  {{{{- end }}}}
  {{{{- end }}}}
{hooks}
"""
    side = chart(tmp_path / "web", template)
    renders = render_upgrade(engine, side, side)

    def facts(text: str) -> dict:
        bodies = [document.body() for document in load_all(text, "render")]
        (config_map,) = (body for body in bodies if body and body["metadata"]["name"] == "facts")
        return config_map["data"]

    first = {"once": "1/", "later": "1/"}  # without labels: no hook's object is Helm's own
    assert facts(renders.before.text) == {**first, "both": "1/"}
    assert facts(renders.after.text) == {**first, "upgrade": "2/", "both": "2/"}


def test_a_live_object_answers(engine: Engine, tmp_path: Path) -> None:
    template = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: facts
data:
  team: {{ (lookup "v1" "Namespace" "" "default").metadata.labels.team }}
"""
    live = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "default", "labels": {"team": "shop"}},
    }
    side = chart(tmp_path / "web", template)
    renders = render_upgrade(engine, side, side, [live])
    assert only(renders.after.text)["data"]["team"] == "shop"
    assert renders.lookups == ()


def test_a_kind_that_only_the_release_knows(engine: Engine, tmp_path: Path) -> None:
    template = """
apiVersion: example.com/v1
kind: Widget
metadata:
  name: w
spec:
  revision: {{ .Release.Revision }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: before
  annotations:
    helm.sh/hook: pre-upgrade
"""
    side = chart(tmp_path / "web", template)
    made = render_upgrade(engine, side, side).after
    kinds = [d.body()["kind"] for d in load_all(made.text, "render") if d.body()]
    assert kinds == ["Widget", "Job"]


@pytest.mark.parametrize(
    ("action", "asks"),
    [
        ('{{ lookup "v1" "Secret" "" "" }}', True),
        ("{{- if gt .Release.Revision 1 }}", True),
        ("{{ if .Release.IsInstall }}", True),
        ('{{ .Capabilities.APIVersions.Has "policy/v1" }}', True),
        ("{{ $c := .Capabilities }}", True),
        ("{{ toYaml $.Release }}", True),
        ("{{ .Capabilities.KubeVersion.Minor }}", False),
        ("{{ .Release.Name }}-{{ .Release.Service }}", False),
        ("{{/* lookup and .Release.Revision */}}", False),
        ("lookup: .Release.Revision", False),
        ("{{ .Values.lookup }}", False),
    ],
)
def test_who_asks(tmp_path: Path, action: str, asks: bool) -> None:
    assert asks_of_cluster(chart(tmp_path / "web", action)) is asks


def get(address: str, method: str = "GET") -> tuple[int, dict]:
    request = urllib.request.Request(address, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, {}


def test_only_who_knows_the_address_is_answered_and_nothing_is_written() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}}
    release = StandingRelease("web", "n", 1, (secret,))
    with PaperCluster("1.36.0", [Kind("v1", "Secret")], release) as cluster:
        server = json.loads(cluster.kubeconfig)["clusters"][0]["cluster"]["server"]
        anybody = server.rpartition("/")[0]
        assert get(f"{server}/api/v1/namespaces/n/secrets/s")[1] == secret
        assert get(f"{anybody}/api/v1/namespaces/n/secrets/s")[0] == 401
        assert get(f"{server}/api/v1/namespaces/n/secrets/s", "DELETE")[0] == 405
        assert get(f"{server}/api/v1/namespaces/n/secrets/other")[0] == 404

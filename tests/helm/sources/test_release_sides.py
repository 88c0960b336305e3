"""Releases as sides: exported records, and what a real helm reads from an API server."""

from __future__ import annotations

import base64
import gzip
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from policylint.errors import SourceError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, ManifestSide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.resolve import resolve
from policylint.pipeline.case import upgrades
from tests.helms import LINES, any_helm, helm

HOOK = "# Source: web/templates/job.yaml\nkind: Job\n"


def record(revision: int, status: str, **more: Any) -> dict[str, Any]:
    """The Secret in which Helm keeps one revision of prod/web."""
    release = {
        "name": "web",
        "namespace": "prod",
        "version": revision,
        "info": {"status": status, "last_deployed": "2026-01-02T03:04:05Z", "description": ""},
        "chart": {"metadata": {"name": "web", "version": "0.1.0", "apiVersion": "v2"}},
        "manifest": f"---\n# Source: web/templates/a.yaml\nkind: ConfigMap\nrevision: {revision}\n",
        "hooks": [
            {
                "name": "job",
                "path": "web/templates/job.yaml",
                "manifest": HOOK,
                "events": ["pre-upgrade"],
            }
        ],
        **more,
    }
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": f"sh.helm.release.v1.web.v{revision}",
            "namespace": "prod",
            "labels": {"owner": "helm", "name": "web", "status": status, "version": str(revision)},
        },
        "data": {"release": base64.b64encode(packed).decode()},
    }


RECORDS = [record(1, "superseded"), record(2, "deployed", apply_method="ssa"), record(3, "failed")]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """An API server that holds the records; the methods of the requests it got."""
    methods: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].rpartition("/")[2]
            records = [item for item in RECORDS if item["metadata"]["name"] == name]
            listed = {"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": RECORDS}
            body = json.dumps(
                records[0] if records else listed if name == "secrets" else {}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            methods.append(self.command)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HELM_KUBEAPISERVER", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    yield methods
    server.shutdown()
    server.server_close()


def side(spec: str, helm_path: str = "") -> ManifestSide:
    with Workspace() as workspace:
        resolved = resolve(spec, ChartSide(spec), workspace, helm_path)
    assert isinstance(resolved, ManifestSide)
    return resolved


@pytest.mark.parametrize("line", LINES)
def test_a_release_of_the_cluster_is_the_revision_that_an_upgrade_starts_from(
    line: str, api: list[str]
) -> None:
    resolved = side("release:prod/web", helm(line).path)
    assert resolved.label == "web revision 2"
    assert "revision: 2" in resolved.text[0][1]
    assert "kind: Job" in resolved.text[1][1]
    assert set(api) == {"GET"}


@pytest.mark.parametrize("line", LINES)
def test_a_revision_can_be_named(line: str, api: list[str]) -> None:
    assert "revision: 1" in side("release:prod/web@1", helm(line).path).text[0][1]


def test_helm_4_tells_how_the_release_was_sent(api: list[str]) -> None:
    assert side("release:prod/web", helm("4").path).apply_method == "ssa"


@pytest.mark.parametrize("line", LINES)
def test_a_release_that_is_not_there(
    line: str, api: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "RECORDS", [])
    with pytest.raises(SourceError, match="release: not found"):
        side("release:prod/web", helm(line).path)


def test_an_exported_record_is_a_side(tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": RECORDS}))
    resolved = side(str(file))
    assert (resolved.label, resolved.apply_method) == ("web revision 2", "ssa")
    assert "revision: 2" in resolved.text[0][1]
    assert resolved.text[1][1] == HOOK


OBJECT = (
    "---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\n"
    "metadata: {name: web}\ndata: {n: 'REV'}\n"
)
GIVEN = {"given": {"colour": "red", "size": 10_000_000}}


def deployed(*statuses: str, **more: Any) -> list[dict[str, Any]]:
    """The records of prod/web, one for each status; each holds one ConfigMap that names its
    revision."""
    return [
        record(number, status, manifest=OBJECT.replace("REV", str(number)), hooks=[], **more)
        for number, status in enumerate(statuses, 1)
    ]


def written(tmp_path: Path, records: list[dict[str, Any]]) -> str:
    file = tmp_path / "release.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": records}))
    return str(file)


def chart(tmp_path: Path) -> str:
    """A chart of which the record's values are visible in the render."""
    top = tmp_path / "chart"
    (top / "templates").mkdir(parents=True)
    (top / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.2.0\n")
    (top / "values.yaml").write_text("given: {colour: blue, size: 1}\n")
    body = (
        "n: '{{ .Values.given.colour }} {{ .Values.given.size }} {{ .Release.Name }} {{ "
        ".Release.Namespace }}'"
    )
    (top / "templates/a.yaml").write_text(OBJECT.replace("n: 'REV'", body))
    return str(top)


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run(["check", "--format", "json", *words])
    return code, json.loads(capsys.readouterr().out)


def rules(report: dict[str, Any]) -> set[str]:
    return {finding["rule"] for release in report["releases"] for finding in release["findings"]}


@pytest.mark.parametrize(
    ("statuses", "compared"),
    [
        (("deployed", "pending-upgrade"), "web revision 1"),
        (("pending-install",), "web revision 1 (pending-install)"),
    ],
)
def test_a_locked_release_is_a_finding_and_the_rest_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], statuses: tuple[str, ...], compared: str
) -> None:
    file = written(tmp_path, deployed(*statuses))
    code, report = checked(capsys, chart(tmp_path), "--before", file, "--helm", any_helm().path)
    assert (code, report["verdict"]) == (1, "fail")
    assert "release-pending" in rules(report)
    (release,) = report["releases"]
    assert release["evidence"]["before"] == compared
    assert [change["resource"]["name"] for change in release["changes"]] == ["web"]


def test_an_uninstalled_release_is_none_to_upgrade(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, deployed("uninstalled"))
    code, report = checked(capsys, file, "--before", file)
    assert code == 2
    assert "Helm would not upgrade prod/web" in report["failures"][0]["message"]


@pytest.mark.parametrize("line", LINES)
def test_a_release_of_the_cluster_keeps_its_name_and_its_values(
    line: str, api: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        sys.modules[__name__], "RECORDS", deployed("superseded", "deployed", config=GIVEN)
    )
    (upgrade,) = upgrades(
        Options(after=chart(tmp_path), before="release:prod/web", helm=helm(line).path)
    )
    (change,) = upgrade.changes
    assert (upgrade.release, upgrade.namespace, change.id.namespace) == ("web", "prod", "prod")
    assert [(field.before, field.after) for field in change.fields] == [("2", "red 1e+07 web prod")]
    assert set(api) == {"GET"}


DECLARED = {
    "name": "db",
    "version": "1.x",
    "repository": "https://charts.invalid",
    "condition": "db.on",
    "alias": "store",
    "tags": ["a", "b"],
    "import-values": ["pub", {"child": "in", "parent": "out"}],
}


@pytest.mark.parametrize("line", LINES)
def test_reuse_of_a_cluster_s_release_takes_the_defaults_of_its_chart(
    line: str, api: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stored = {
        "metadata": {
            "name": "web",
            "version": "0.1.0",
            "appVersion": "7",
            "dependencies": [dict(DECLARED)],
        },
        "schema": base64.b64encode(b'{"type": "object"}').decode(),
        "values": {"given": {"colour": 'green "\u00fc"', "size": 10_000_000}},
        "templates": [{"name": "templates/a.yaml", "data": base64.b64encode(b"\xff{{").decode()}],
    }
    monkeypatch.setattr(sys.modules[__name__], "RECORDS", deployed("deployed", chart=stored))
    resolved = side("release:prod/web", helm(line).path).revision
    assert resolved is not None
    assert {key: resolved.chart_record[key] for key in stored} == stored
    after = Options(
        after=chart(tmp_path), before="release:prod/web", helm=helm(line).path, values_mode="reuse"
    )
    (change,) = upgrades(after)[0].changes
    assert [field.after for field in change.fields] == ['green "\u00fc" 1e+07 web prod']


@pytest.mark.parametrize(
    ("number", "label"), [("1", "web revision 1"), ("0", "web revision 2"), ("3", "web revision 3")]
)
def test_a_rollback_goes_from_the_last_revision_to_the_named_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str, label: str
) -> None:
    file = written(tmp_path, deployed("superseded", "deployed", "failed"))
    code, report = checked(capsys, file, "--rollback", number)
    (release,) = report["releases"]
    assert (release["name"], release["namespace"]) == ("web", "prod")
    assert (release["evidence"]["before"], release["evidence"]["after"]) == (
        "web revision 3",
        label,
    )
    assert code in (0, 1)


def test_a_rollback_is_sent_as_its_target_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [
        *deployed("superseded", apply_method="csa"),
        *deployed("x", "deployed", apply_method="ssa")[1:],
    ]
    _, report = checked(
        capsys, written(tmp_path, records), "--rollback", "1", "--helm-version", "4"
    )
    assert report["releases"][0]["apply"] == "client-side"


def test_a_rollback_in_the_cluster(
    api: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "RECORDS", deployed("superseded", "deployed"))
    words = ("--before", "release:prod/web", "--rollback", "1", "--helm", any_helm().path)
    _, report = checked(capsys, *words)
    assert report["releases"][0]["evidence"]["after"] == "web revision 1"
    code, report = checked(capsys, *words[:2], "--rollback", "7", *words[4:])
    assert code == 2
    assert "has no revision 7" in report["failures"][0]["message"]


@pytest.mark.parametrize(
    "words", [["--rollback", "1"], ["CHART", "--before", "x", "--rollback", "1"]]
)
def test_a_rollback_takes_one_release(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", *words]) == 2
    assert "--rollback takes one side" in capsys.readouterr().err


def test_a_rollback_command_is_judged_before_it_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, deployed("superseded", "superseded", "deployed"))
    code, report = checked(
        capsys, "--before", file, "--", "helm", "rollback", "web", "1", "-n", "prod"
    )
    (release,) = report["releases"]
    assert (release["name"], release["namespace"]) == ("web", "prod")
    assert (release["evidence"]["before"], release["evidence"]["after"]) == (
        "web revision 3",
        "web revision 1",
    )
    assert code in (0, 1)


@pytest.mark.parametrize(
    "text",
    [
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
            "data: {args: 'type!=helm.sh/release.v1'}\n"
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n"
            "    type: helm.sh/release.v1\n"
        ),
        (
            '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": '
            '{"manifest": "", "info": ""}}'
        ),
    ],
)
def test_a_manifest_that_speaks_of_records_is_a_manifest(tmp_path: Path, text: str) -> None:
    file = tmp_path / "side.yaml"
    file.write_text(text)
    with Workspace() as workspace:
        assert resolve(str(file), ChartSide(str(file)), workspace) == ManifestSide(
            ((str(file), text),), label=str(file)
        )

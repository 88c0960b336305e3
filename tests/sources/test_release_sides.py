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
from helms import LINES, helm

from policylint.errors import SourceError
from policylint.sources.resolve import resolve
from policylint.sources.sides import ChartSide, ManifestSide
from policylint.sources.workspace import Workspace

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
        "hooks": [{"name": "job", "path": "web/templates/job.yaml", "manifest": HOOK, "events": ["pre-upgrade"]}],
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
            found = [item for item in RECORDS if item["metadata"]["name"] == name]
            listed = {"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": RECORDS}
            body = json.dumps(found[0] if found else listed if name == "secrets" else {}).encode()
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
        found = resolve(spec, ChartSide(spec), workspace, helm_path)
    assert isinstance(found, ManifestSide)
    return found


@pytest.mark.parametrize("line", LINES)
def test_a_release_of_the_cluster_is_the_revision_that_an_upgrade_starts_from(line: str, api: list[str]) -> None:
    found = side("release:prod/web", helm(line).path)
    assert found.label == "web revision 2"
    assert "revision: 2" in found.text[0][1]
    assert "kind: Job" in found.text[1][1]
    assert set(api) == {"GET"}


@pytest.mark.parametrize("line", LINES)
def test_a_revision_can_be_named(line: str, api: list[str]) -> None:
    assert "revision: 1" in side("release:prod/web@1", helm(line).path).text[0][1]


def test_helm_4_tells_how_the_release_was_sent(api: list[str]) -> None:
    assert side("release:prod/web", helm("4").path).apply_method == "ssa"


@pytest.mark.parametrize("line", LINES)
def test_a_release_that_is_not_there(line: str, api: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "RECORDS", [])
    with pytest.raises(SourceError, match="release: not found"):
        side("release:prod/web", helm(line).path)


def test_an_exported_record_is_a_side(tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": RECORDS}))
    found = side(str(file))
    assert (found.label, found.apply_method) == ("web revision 2", "ssa")
    assert "revision: 2" in found.text[0][1]
    assert found.text[1][1] == HOOK


def test_a_pending_release_is_none_to_upgrade(tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    file.write_text(json.dumps(record(1, "pending-install")))
    with pytest.raises(SourceError, match="Helm would not upgrade prod/web"):
        side(str(file))

"""The language server, asked through the protocol, in a process of its own, as an editor does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls")

ROOT = Path(__file__).parents[2]
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  size: {{ .Values.persistence.size }}
  rest: {{ toYaml .Values.keys | quote }}
"""
SECONDS = 0.2 * float(os.environ.get("POLICYLINT_SLOWER", "5"))
"""What an answer may take: 0.2 s, and more on a machine that does other things too."""


class Editor:
    """The editor's side of the protocol."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "policylint", "lsp", "--stdio"],  # as VS Code starts it
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        root = folder.as_uri()
        self.capabilities = self.ask(
            "initialize",
            {"processId": os.getpid(), "rootUri": root, "capabilities": {}},
        )["capabilities"]
        self.tell("initialized", {})

    def end(self) -> None:
        self.ask("shutdown", None)
        self.tell("exit", None)
        self._process.communicate(timeout=60)

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self.hear()
            if message.get("id") == self._number:
                return message["result"]

    def open(self, name: str, text: str) -> list[Any]:
        """Open a text and return its diagnostics."""
        document = {"uri": self.uri(name), "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics()

    def type(self, name: str, text: str) -> list[Any]:
        """Replace a text and return its diagnostics."""
        document = {"uri": self.uri(name), "version": 2}
        changes = [{"text": text}]
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        return self.diagnostics()

    def diagnostics(self) -> list[Any]:
        while True:
            message = self.hear()
            if message.get("method") == "textDocument/publishDiagnostics":
                return message["params"]["diagnostics"]

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return json.loads(self._process.stdout.read(length))

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("lsp")
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    (chart / "templates" / "settings.yaml").write_text(TEMPLATE)
    (chart / "values.yaml").write_text("persistence: {size: 8Gi}\nkeys: {}\n")
    (folder / ".policylint.yaml").write_text("rules: {atomic-missing: error}\n")
    editor = Editor(folder)
    yield editor
    editor.end()


def test_it_says_what_it_can(editor: Editor) -> None:
    assert editor.capabilities["hoverProvider"]
    assert editor.capabilities["codeActionProvider"]["codeActionKinds"] == ["quickfix"]


def test_a_values_file_is_judged_by_its_chart_while_it_is_typed(editor: Editor) -> None:
    (row,) = editor.open("values-prod.yaml", "# é\npersistence:\n  sise: 20Gi\n")
    assert (row["code"], row["source"]) == ("unused-values-key", "policylint")
    assert row["range"]["start"] == {"line": 2, "character": 2}
    assert row["codeDescription"]["href"].endswith("#unused-values-key")
    assert editor.type("values-prod.yaml", "# é\npersistence:\n  size: 20Gi\n") == []
    assert editor.type("values-prod.yaml", "persistence: [\n") == []  # not whole yet


def test_hovering_tells_what_a_value_reaches(editor: Editor) -> None:
    editor.open("values-hover.yaml", "persistence:\n  size: 20Gi\nother: 1\n")
    at = {"textDocument": {"uri": editor.uri("values-hover.yaml")}}
    answer = editor.ask("textDocument/hover", at | {"position": {"line": 1, "character": 3}})
    assert "`app/templates/settings.yaml:5`" in answer["contents"]["value"]
    answer = editor.ask("textDocument/hover", at | {"position": {"line": 2, "character": 1}})
    assert "no template of app reads it" in answer["contents"]["value"]
    assert "What to do instead" in answer["contents"]["value"]


def test_a_pipeline_is_judged_and_can_be_fixed(editor: Editor) -> None:
    text = "# ü\nhelm upgrade --install web ./chart --timeout 5m\n"
    rows = editor.open("deploy.sh", text)
    (row,) = [row for row in rows if row["code"] == "atomic-missing"]
    assert row["severity"] == 1  # as the configuration has it
    line = {"line": 1, "character": 0}
    actions = editor.ask(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": editor.uri("deploy.sh")},
            "range": {"start": line, "end": line},
            "context": {"diagnostics": [row]},
        },
    )
    (action,) = [action for action in actions if "atomic-missing" in action["title"]]
    (edits,) = action["edit"]["changes"].values()
    lines = text.split("\n")
    for edit in reversed(edits):
        start, end = edit["range"]["start"], edit["range"]["end"]
        assert start["line"] == end["line"] == 1
        lines[1] = lines[1][: start["character"]] + edit["newText"] + lines[1][end["character"] :]
    rows = editor.type("deploy.sh", "\n".join(lines))
    assert "atomic-missing" not in [row["code"] for row in rows]


def test_a_declaration_is_judged(editor: Editor) -> None:
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\n"
        "spec:\n  interval: 5m\n  chart:\n    spec:\n      chart: web\n"
        "      sourceRef: {kind: HelmRepository, name: charts}\n"
    )
    assert "chart-version-unpinned" in [row["code"] for row in editor.open("release.yaml", text)]


def test_two_thousand_lines_of_values_are_answered_at_once(editor: Editor) -> None:
    lines = "".join(f"  key{number}: value{number}\n" for number in range(2000))
    text = f"keys:\n{lines}"
    editor.open("values-long.yaml", text)
    times = []
    for number in range(5):
        start = time.perf_counter()
        rows = editor.type("values-long.yaml", f"{text}typo{number}: 1\n")
        times.append(time.perf_counter() - start)
        assert [row["code"] for row in rows] == ["unused-values-key"]
    assert min(times) < SECONDS


def test_what_is_closed_is_spoken_of_no_more(editor: Editor) -> None:
    assert editor.open("values-closed.yaml", "typo: 1\n")
    document = {"uri": editor.uri("values-closed.yaml")}
    editor.tell("textDocument/didClose", {"textDocument": document})
    assert editor.diagnostics() == []

"""Real helm installs and upgrades without a cluster: helm's memory driver and a server that answers
discovery only."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from policylint.helm.values.side import as_yaml

ANSWERS = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.3"},
    "/api": {"kind": "APIVersions", "versions": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
}
TEMPLATE = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}}\n"
    "data: {values: {{ toJson .Values | b64enc }}}\n"
)


class _Discovery(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(ANSWERS.get(self.path.partition("?")[0], {})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def discovery() -> Iterator[str]:
    """The address of a server that tells helm the version of Kubernetes and nothing else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Discovery)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


class HelmError(Exception):
    """What helm said when it refused."""


@dataclass
class OfflineHelm:
    """One helm binary with a folder for its state."""

    binary: str
    server: str
    home: Path

    def install(self, chart: Path, values: Path) -> dict[str, Any]:
        """The release that `helm install` makes, as helm stores it."""
        return self._json(["install", "shop", str(chart), "-f", str(values)], None)

    def upgrade(self, release: dict[str, Any], chart: Path, *flags: str) -> dict[str, Any]:
        """The release that `helm upgrade` makes of a stored one."""
        return self._json(["upgrade", "shop", str(chart), *flags], release)

    def all_values(self, release: dict[str, Any]) -> Any:
        """What `helm get values -a` prints."""
        return self._json(["get", "values", "shop", "-a"], release)

    def _json(self, command: list[str], release: dict[str, Any] | None) -> Any:
        store = self.home / "releases.json"
        store.write_text(as_yaml([release] if release else []))
        env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.home),
            "HELM_DRIVER": "memory",
            "HELM_MEMORY_DRIVER_DATA": str(store),
            "HELM_KUBEAPISERVER": self.server,
        }
        done = subprocess.run(
            [self.binary, *command, "-o", "json"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise HelmError(done.stderr.strip())
        return json.loads(done.stdout)


def write_chart(folder: Path, chart: dict[str, Any]) -> None:
    """Write `{name, version, values, dependencies, charts, templates}` as a chart directory."""
    (folder / "templates").mkdir(parents=True)
    meta = {"apiVersion": "v2", "name": chart["name"], "version": chart.get("version", "1.0.0")}
    if chart.get("dependencies") is not None:
        meta["dependencies"] = chart["dependencies"]
    (folder / "Chart.yaml").write_text(json.dumps(meta))
    (folder / "values.yaml").write_text(json.dumps(chart.get("values", {})))
    (folder / "templates" / "values.yaml").write_text(TEMPLATE)
    for name, text in chart.get("templates", {}).items():
        (folder / "templates" / name).write_text(text)
    for child in chart.get("charts", []):
        write_chart(folder / "charts" / f"{child['name']}-{child.get('version', '1.0.0')}", child)


def rendered(release: dict[str, Any]) -> dict[str, Any]:
    """What `.Values` was in each chart's template, by the chart's path in `# Source:`."""
    collected = {}
    for text in release["manifest"].split("---\n"):
        source = text.partition("# Source: ")[2].partition("/templates/")
        if source[1] and "values: " in text:
            encoded = text.partition("data: {values: ")[2].rpartition("}")[0]
            collected[source[0]] = json.loads(base64.b64decode(encoded))
    return collected

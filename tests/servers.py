"""A chart repository and an OCI registry on loopback, each as small as helm's pull needs it, and
charts to put there.

Sources: the chart repository guide of Helm's documentation, the pull endpoints of the OCI
distribution specification (`/v2/`, manifests by tag and digest, blobs, tags/list), and Helm's media
types of a chart.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


class Server:
    """A server under way: `files` are its answers by path, which a test may change.

    A body of None is never sent: the request hangs. An int is a status without a body. `login` is
    `user:password`.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.files: dict[str, bytes | int | None] = {}
        self.types: dict[str, str] = {}
        self.login = ""
        self.tags = False
        """Whether answers have an ETag, and one that is known already is not sent again."""
        self.asked: list[str] = []
        self.sent: list[int] = []
        """The bytes of each answer's body."""
        self.ended = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def admits(self, header: str) -> bool:
        return not self.login or header == f"Basic {base64.b64encode(self.login.encode()).decode()}"

    def add_chart(self, name: str, version: str, files: Mapping[str, str]) -> bytes:
        """Put a chart into the repository (at `/`) and into the registry (at `charts/NAME`); its
        archive."""
        archive = packed(name, version, files)
        self.files[f"/{name}-{version}.tgz"] = archive
        metadata = json.dumps({"apiVersion": "v2", "name": name, "version": version}).encode()
        layers = [self._blob(name, LAYER, archive)]
        manifest = {
            "schemaVersion": 2,
            "config": self._blob(name, CONFIG, metadata),
            "layers": layers,
        }
        self.add_manifest(
            name,
            version.replace("+", "_"),
            json.dumps({"mediaType": MANIFEST, **manifest}).encode(),
        )
        self._list(name, version)
        return archive

    def add_manifest(self, name: str, tag: str, manifest: bytes) -> None:
        for reference in (tag, digest(manifest)):
            path = f"/v2/charts/{name}/manifests/{reference}"
            self.files[path] = manifest
            self.types[path] = MANIFEST

    def _blob(self, name: str, media_type: str, content: bytes) -> dict[str, str | int]:
        self.files[f"/v2/charts/{name}/blobs/{digest(content)}"] = content
        return {"mediaType": media_type, "digest": digest(content), "size": len(content)}

    def _list(self, name: str, version: str) -> None:
        """Name the version in the index of the repository and in the tags of the registry."""
        self.files["/v2/"] = b"{}"
        tags = f"/v2/charts/{name}/tags/list"
        listed = self.files.get(tags, b"{}")
        assert isinstance(listed, bytes)
        report = [*json.loads(listed).get("tags", ()), version.replace("+", "_")]
        self.files[tags] = json.dumps({"name": f"charts/{name}", "tags": report}).encode()
        index = self.files.get("/index.yaml", b'{"apiVersion": "v1", "entries": {}}')
        assert isinstance(index, bytes)
        table = json.loads(index)
        urls = [f"{name}-{version}.tgz"]
        entry = {"apiVersion": "v2", "name": name, "version": version, "urls": urls}
        table["entries"].setdefault(name, []).append(entry)
        self.files["/index.yaml"] = json.dumps(table).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.state.asked.append(path)
        if not self.state.admits(self.headers.get("Authorization", "")):
            self._answer(401, b"", ("WWW-Authenticate", 'Basic realm="charts"'))
            return
        content = self.state.files.get(path, 404)
        known = self.headers.get("If-None-Match") or "none"
        if self.state.tags and isinstance(content, bytes) and known == f'"{digest(content)}"':
            self._answer(304, b"")
            return
        if content is None:
            self.state.ended.wait()
            self.close_connection = True
        elif isinstance(content, int):
            self._answer(content, b"")
        else:
            self._answer(
                200,
                content,
                ("Content-Type", self.state.types.get(path, "application/octet-stream")),
            )

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.state.sent.append(len(body))
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        if body:
            self.send_header("Docker-Content-Digest", digest(body))
        if body and self.state.tags:
            self.send_header("ETag", f'"{digest(body)}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing where helm goes before it is answered."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serving() -> Iterator[Server]:
    """A server that is there as long as the block runs."""
    handler = type("Handler", (_Handler,), {})
    with _Http(("127.0.0.1", 0), handler) as http:
        state = Server(http.server_port)
        handler.state = state  # type: ignore[attr-defined]
        thread = threading.Thread(
            target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()
        try:
            yield state
        finally:
            state.ended.set()
            http.shutdown()
            thread.join()


def packed(name: str, version: str, files: Mapping[str, str]) -> bytes:
    """A chart archive of these files, with its Chart.yaml."""
    content = io.BytesIO()
    written = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n", **files}
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for path, text in written.items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"

"""A cluster on paper: a read-only Kubernetes API on loopback that holds one release as it stands.

`helm upgrade --dry-run=server` asks a cluster for its version, its API versions, the release's
record and whatever templates look up. This one answers from objects in memory, so that a render
sees what it would see at the real upgrade; it notes what it was asked and does not know. Nothing
can be written to it. Only who knows its token is answered: the objects may hold secrets.

Facts: the requests of client-go 0.37 (discovery, aggregated discovery v2, the dynamic client) as
Helm 3.22 and 4.3 send them; the record's format is that of pkg/storage/driver/secrets.go of both.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct, json

from policylint.model import Object

if TYPE_CHECKING:
    from http.server import HTTPServer

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_LONG_AGO = "2020-01-01T00:00:00Z"


class Kind(Struct, frozen=True):
    """A kind that the cluster serves: its version is "v1" or "apps/v1"."""

    version: str
    kind: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group, "" for the core."""
        return self.version.rpartition("/")[0]

    @property
    def plural(self) -> str:
        """The resource's name, guessed as apimachinery's UnsafeGuessKindToResource does.

        Helm takes the name from discovery, so it need only be the same throughout.
        """
        singular = self.kind.lower()
        if singular.endswith("s"):
            return f"{singular}es"
        if singular.endswith("y"):
            return f"{singular[:-1]}ies"
        return f"{singular}s"


class Lookup(Struct, frozen=True):
    """One object that was asked for; without a name all of a kind, without a kind all of a version
    that the cluster does not serve."""

    version: str
    kind: str
    namespace: str
    name: str


class StandingRelease(Struct, frozen=True):
    """The release as the cluster holds it; revision 0 where it is not installed yet."""

    name: str
    namespace: str
    revision: int
    objects: tuple[Object, ...] = ()


class PaperCluster:
    """A read-only API server for one release; entering it starts it, leaving it ends it."""

    def __init__(
        self,
        kubernetes: str,
        kinds: Iterable[Kind],
        release: StandingRelease,
        unowned: Iterable[Object] = (),
    ) -> None:
        """`kubernetes` is a version of three numbers; `unowned` are live objects of nobody's."""
        self.kubernetes = kubernetes
        self.release = release
        self.kinds: dict[str, dict[str, Kind]] = {}
        """The kinds by group version and plural."""
        self.serve(kinds)
        self.objects: dict[Lookup, Object] = {}
        for obj in (*release.objects, *unowned):
            self.objects[self._address(obj)] = obj
        if release.revision:
            record = _record(release)
            self.objects[self._address(record)] = record
        self.asked: list[Lookup] = []
        """Every object asked for, in order, known or not; Helm's own records are left out."""
        self._token = _token()
        self._server = _server(self)

    def __enter__(self) -> PaperCluster:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, kinds: Iterable[Kind]) -> None:
        """Serve these kinds too, as after their definitions were applied.

        One without a name makes no more than its version known.
        """
        for kind in kinds:
            served = self.kinds.setdefault(kind.version, {})
            if kind.kind:
                served.setdefault(kind.plural, kind)

    def serves(self, kind: Kind) -> bool:
        """Whether a kind is served."""
        return kind.plural in self.kinds.get(kind.version, {})

    @property
    def kubeconfig(self) -> str:
        """A kubeconfig whose current context is this cluster, as text."""
        # client-go sends a bearer token over TLS alone, so the address itself carries it.
        address = f"http://127.0.0.1:{self._server.server_address[1]}/{self._token}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "paper", "cluster": {"server": address}}],
            "contexts": [{"name": "paper", "context": {"cluster": "paper", "user": ""}}],
            "current-context": "paper",
        }
        return json.encode(config).decode()

    def path_below(self, path: str) -> str | None:
        """What follows the token in the path of a request; None where it is not this cluster's."""
        from secrets import compare_digest

        token, _, rest = path.removeprefix("/").partition("/")
        if compare_digest(token.encode(), self._token.encode()):
            return rest
        return None

    def answer(self, path: str, query: str, accept: str) -> tuple[str, Object] | None:
        """(content type, body) of a GET; None for what is not there."""
        steps = [unquote(step) for step in path.strip("/").split("/")]
        if steps == ["version"]:
            return "application/json", self._version()
        if steps in (["api"], ["apis"]):
            return self._discovery(is_core=steps == ["api"], aggregated=_AGGREGATED in accept)
        version, rest = _version_and_rest(steps)
        if version not in self.kinds:
            # Whoever looks up an object first asks for the kinds of its version.
            self.asked.append(Lookup(version, "", "", ""))
            return None
        body = self._listing(version) if not rest else self._objects(version, rest, query)
        if body is None:
            return None
        return ("application/json", body)

    def _version(self) -> Object:
        major, minor = self.kubernetes.split(".")[:2]
        return {"major": major, "minor": minor, "gitVersion": f"v{self.kubernetes}"}

    def _discovery(self, *, is_core: bool, aggregated: bool) -> tuple[str, Object]:
        groups: dict[str, list[str]] = {}
        for version in self.kinds:
            group = version.rpartition("/")[0]
            if is_core == (group == ""):
                groups.setdefault(group, []).append(version)
        if aggregated:
            items = [self._aggregated(group, versions) for group, versions in groups.items()]
            kind = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2"}
            return _AGGREGATED, {**kind, "metadata": {}, "items": items}
        if is_core:
            return "application/json", {"kind": "APIVersions", "versions": ["v1"]}
        listed = [_group(group, versions) for group, versions in groups.items()]
        body = {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
        return "application/json", body

    def _aggregated(self, group: str, versions: list[str]) -> Object:
        return {
            "metadata": {"name": group},
            "versions": [
                {
                    "version": version.rpartition("/")[2],
                    "freshness": "Current",
                    "resources": list(map(_aggregated_resource, self.kinds[version].values())),
                }
                for version in versions
            ],
        }

    def _listing(self, version: str) -> Object:
        """What a group version holds, as `/apis/GROUP/VERSION` says it."""
        resources = [
            {
                "name": plural,
                "singularName": kind.kind.lower(),
                "namespaced": kind.namespaced,
                "kind": kind.kind,
                "verbs": _VERBS,
            }
            for plural, kind in self.kinds[version].items()
        ]
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": version,
            "resources": resources,
        }

    def _objects(self, version: str, rest: list[str], query: str) -> Object | None:
        """One object, or the list of a kind; `rest` is the path below the group version."""
        namespace = ""
        is_below_namespace = len(rest) > 2 and rest[0] == "namespaces"
        if is_below_namespace:
            namespace, rest = rest[1], rest[2:]
        kind = self.kinds[version].get(rest[0])
        if kind is None or len(rest) > 2:
            return None
        wanted = Lookup(version, kind.kind, namespace, rest[1] if len(rest) == 2 else "")
        if _is_about_records(query, wanted):
            return self._records(wanted)
        self.asked.append(wanted)
        if wanted.name:
            return self.objects.get(wanted)
        return _list(kind, self._matching(wanted))

    def _matching(self, wanted: Lookup) -> list[Object]:
        return [
            obj
            for known, obj in self.objects.items()
            if (known.version, known.kind) == (wanted.version, wanted.kind)
            and wanted.namespace in ("", known.namespace)
        ]

    def _records(self, wanted: Lookup) -> Object | None:
        """Helm's own records, of which there is one at most: those of other releases are unseen."""
        if wanted.name:
            return self.objects.get(wanted)
        records = [obj for obj in self._matching(wanted) if _is_record(obj)]
        return _list(Kind("v1", "Secret"), records)

    def _address(self, obj: Object) -> Lookup:
        metadata: Mapping[str, Any] = obj.get("metadata") or {}
        version, kind = str(obj.get("apiVersion", "")), str(obj.get("kind", ""))
        namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
        return Lookup(version, kind, namespace, name)


def _server(cluster: PaperCluster) -> HTTPServer:
    """The server of a cluster, not running yet.

    Few renders need one, and the library's own imports take a while.
    """
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        """Else each small answer waits for the client's delayed acknowledgement, 40 ms."""

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            path = cluster.path_below(address.path)
            if path is None:
                self._send(401, "application/json", _status(401, "Unauthorized"))
                return
            answer = cluster.answer(path, address.query, self.headers.get("Accept", ""))
            if answer is None:
                self._send(404, "application/json", _status(404, "NotFound"))
            else:
                self._send(200, *answer)

        def _refuse(self) -> None:
            self.close_connection = True
            self._send(405, "application/json", _status(405, "MethodNotAllowed"))

        do_POST = _refuse  # noqa: N815  http.server's own names
        do_PUT = _refuse  # noqa: N815
        do_PATCH = _refuse  # noqa: N815
        do_DELETE = _refuse  # noqa: N815

        def _send(self, code: int, content_type: str, body: Object) -> None:
            data = json.encode(body)
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are no output of ours."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


def _version_and_rest(steps: list[str]) -> tuple[str, list[str]]:
    """The group version of a path and what is below it."""
    if steps[:1] == ["api"]:
        return "/".join(steps[1:2]), steps[2:]
    if steps[:1] == ["apis"]:
        return "/".join(steps[1:3]), steps[3:]
    return "", []


def _group(group: str, versions: list[str]) -> Object:
    named = [
        {"groupVersion": version, "version": version.rpartition("/")[2]} for version in versions
    ]
    return {"name": group, "versions": named, "preferredVersion": named[0]}


def _aggregated_resource(kind: Kind) -> Object:
    version = kind.version.rpartition("/")[2]
    return {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.kind.lower(),
        "verbs": _VERBS,
    }


def _list(kind: Kind, items: list[Object]) -> Object:
    return {
        "kind": f"{kind.kind}List",
        "apiVersion": kind.version,
        "metadata": {"resourceVersion": "1"},
        "items": items,
    }


def _status(code: int, reason: str) -> Object:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "reason": reason,
        "code": code,
        "message": f"the cluster on paper says {reason}",
    }


def _is_about_records(query: str, wanted: Lookup) -> bool:
    if (wanted.version, wanted.kind) != ("v1", "Secret"):
        return False
    return "owner%3Dhelm" in query or wanted.name.startswith("sh.helm.release.v1.")


def _is_record(obj: Object) -> bool:
    return obj.get("type") == "helm.sh/release.v1"


def _token() -> str:
    import secrets  # it brings OpenSSL, and few renders need a cluster

    return secrets.token_urlsafe(24)


def _record(release: StandingRelease) -> Object:
    """The Secret in which Helm keeps the release: as much of it as an upgrade reads.

    The chart and the values of the old revision are asked for under --reuse-values alone, which is
    resolved before a render. The manifest says which objects are the release's own.
    """
    import gzip

    texts = (f"---\n{json.encode(_identity(obj)).decode()}\n" for obj in release.objects)
    stored = {
        "name": release.name,
        "namespace": release.namespace,
        "version": release.revision,
        "info": {
            "first_deployed": _LONG_AGO,
            "last_deployed": _LONG_AGO,
            "deleted": "",
            "status": "deployed",
        },
        "chart": {"metadata": {"apiVersion": "v2", "name": "paper", "version": "0.0.0"}},
        "config": {},
        "manifest": "".join(texts),
    }
    packed = base64.b64encode(gzip.compress(json.encode(stored), 1, mtime=0))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": f"sh.helm.release.v1.{release.name}.v{release.revision}",
            "namespace": release.namespace,
            "labels": {
                "name": release.name,
                "owner": "helm",
                "status": "deployed",
                "version": str(release.revision),
            },
        },
        "data": {"release": base64.b64encode(packed).decode()},
    }


def _identity(obj: Object) -> Object:
    metadata = obj.get("metadata") or {}
    kept = {key: metadata[key] for key in ("name", "namespace") if metadata.get(key)}
    return {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": kept}

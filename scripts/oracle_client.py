"""A small client of the API server of one kubeconfig context: plain HTTPS, nothing but the standard
library."""

import base64
import json
import os
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policylint.errors import UsageError
from policylint.kyaml.load import load

APPLY = "application/apply-patch+yaml"
TIMEOUT = 60
"""Seconds that one request may take."""


@dataclass(frozen=True)
class Endpoint:
    """Where the objects of a kind live on the server."""

    prefix: str
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "") -> str:
        """The path of an object, or of the collection without a name."""
        where = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{self.prefix}{where}/{self.plural}" + (f"/{name}" if name else "")


@dataclass
class Server:
    """An API server and the right to talk to it."""

    url: str
    headers: Mapping[str, str]
    tls: ssl.SSLContext | None
    endpoints: dict[tuple[str, str], Endpoint] = field(default_factory=dict)
    resources: list[dict[str, Any]] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and JSON body of one request; an error's body is the server's Status object."""
        data = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Content-Type": kind, "Accept": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT, context=self.tls) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read()
            with suppress(ValueError):
                return error.code, json.loads(text)
            return error.code, {"message": text.decode(errors="replace"), "code": error.code}
        except OSError as error:
            raise UsageError(
                f"no answer from {self.url}: {error}", remedy="is the context's server up?"
            ) from error

    def apply(
        self, endpoint: Endpoint, namespace: str, name: str, body: Any, *, dry_run: bool
    ) -> tuple[int, Any]:
        """Server-side apply as helm does it: field manager helm, no force."""
        query = "?fieldManager=helm&force=false" + ("&dryRun=All" if dry_run else "")
        return self.ask("PATCH", endpoint.path(namespace, name) + query, body, APPLY)

    def discover(self) -> None:
        """Learn where every kind lives."""
        groups = self.ask("GET", "/apis")[1].get("groups", [])
        versions = [
            "/api/v1",
            *(f"/apis/{row['groupVersion']}" for group in groups for row in group["versions"]),
        ]
        for prefix in versions:
            for resource in self.ask("GET", prefix)[1].get("resources", []):
                version = prefix.removeprefix("/apis/").removeprefix("/api/")
                self.resources.append(
                    {
                        "groupVersion": version,
                        **{key: resource[key] for key in ("kind", "name", "namespaced", "verbs")},
                    }
                )
                if "/" not in resource["name"] and "patch" in resource["verbs"]:
                    self.endpoints[(version, resource["kind"])] = Endpoint(
                        prefix, resource["name"], resource["namespaced"]
                    )


def connect(kubeconfig: str, context: str) -> Server:
    """The server of a context. Raises `UsageError` where the kubeconfig does not say how to reach
    it."""
    path = Path(
        kubeconfig
        or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        or Path.home() / ".kube" / "config"
    )
    if not path.is_file():
        raise UsageError(f"there is no kubeconfig {path}", remedy="name one with --kubeconfig")
    config = load(path.read_text(encoding="utf-8"), str(path))
    chosen = _named(config, "contexts", "context", context, path)
    cluster = _named(config, "clusters", "cluster", chosen.get("cluster", ""), path)
    user = _named(config, "users", "user", chosen.get("user", ""), path)
    token = user.get("token") or _text(user.get("tokenFile", ""))
    if not token and "client-certificate" not in " ".join(user):
        raise UsageError(
            f"user {chosen.get('user')} has neither a token nor a client certificate",
            remedy=(
                "make a context with a token: kubectl create token ACCOUNT, kubectl config "
                "set-credentials"
            ),
        )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Server(cluster["server"].rstrip("/"), headers, _tls(cluster, user))


def _named(config: Any, plural: str, key: str, name: str, path: Path) -> Any:
    for entry in config.get(plural) or []:
        if entry.get("name") == name:
            return entry.get(key) or {}
    raise UsageError(
        f"{path} has no {key} called {name!r}", remedy="kubectl config get-contexts shows them"
    )


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext | None:
    if not cluster["server"].startswith("https:"):
        return None
    context = ssl.create_default_context(cadata=next(_pem(cluster, "certificate-authority"), None))
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    certificate, key = (
        next(_pem(user, "client-certificate"), ""),
        next(_pem(user, "client-key"), ""),
    )
    if certificate:
        with tempfile.NamedTemporaryFile(
            "w", suffix=".pem"
        ) as both:  # mode 600, gone right after it is read
            both.write(f"{certificate}\n{key}\n")
            both.flush()
            context.load_cert_chain(both.name)
    return context


def _pem(entry: Mapping[str, Any], name: str) -> Iterator[str]:
    if entry.get(f"{name}-data"):
        yield base64.b64decode(entry[f"{name}-data"]).decode()
    elif entry.get(name):
        yield _text(entry[name])


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").strip() if path else ""

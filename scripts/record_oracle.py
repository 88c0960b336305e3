"""Record what an API server answers to small changes, field by field: the data the forecast is
judged by.

    python scripts/record_oracle.py --context NAME --out DIRECTORY [--kinds Deployment,Service]
    [--cluster-scoped]

For each base object (taken from an earlier recording) it is created once, and every small change of
it that is valid by itself (tried as a dry-run create under another name) is sent as a dry-run
server-side apply. Nothing runs without an explicit --context. Everything lives in a namespace made
for it, with a quota of no pods, and is deleted at the end; cluster-scoped kinds are left out unless
asked for, and never touch an object that exists already.

Writes openapi-MINOR.json.gz and fields-MINOR.jsonl.gz, the former as `scripts/make_openapi.py`
reads it.
"""

import argparse
import copy
import gzip
import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oracle_changes import Change, Schema, changes
from oracle_client import Endpoint, Server, connect

from policylint.errors import PolicylintError, UsageError

ROOT = Path(__file__).parent.parent
BASES = ROOT / "fixtures" / "oracle" / "fields-1.36.jsonl.gz"
QUOTA = {"pods": "0", "services.loadbalancers": "0"}
CREATED = (200, 201)


def main() -> int:
    """Parse the command line, record, and say what was written."""
    options = _options().parse_args()
    try:
        server = connect(options.kubeconfig, options.context)
        minor = _minor(server)
        server.discover()
        document = {
            "minor": minor,
            "resources": server.resources,
            "schemas": dict(_schemas(server)),
        }
        _write(options.out / f"openapi-{minor}.json.gz", json.dumps(document, sort_keys=True))
        rows = list(_record(server, document, options))
        if not rows:
            raise UsageError(
                "nothing was recorded", remedy="see the lines above: were the base objects created?"
            )
        _write(
            options.out / f"fields-{minor}.jsonl.gz",
            "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows),
        )
    except PolicylintError as error:
        print(f"{error}\n  fix  {error.remedy}", file=sys.stderr)
        return 2
    refused = sum(row["verdict"] == "rejected" for row in rows)
    print(f"Kubernetes {minor}: {len(rows)} changes, {refused} refused, in {options.out}")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--context", required=True, help="the kubeconfig context to record; there is no default"
    )
    parser.add_argument(
        "--kubeconfig", default="", help="default: $KUBECONFIG, else ~/.kube/config"
    )
    parser.add_argument("--out", required=True, type=Path, help="the directory to write to")
    parser.add_argument(
        "--bases", default=BASES, type=Path, help="a recording whose before objects are the bases"
    )
    parser.add_argument("--kinds", default="", help="only these kinds, with commas between")
    parser.add_argument(
        "--limit", default=0, type=int, help="at most so many changes of each base object"
    )
    parser.add_argument(
        "--cluster-scoped", action="store_true", help="kinds outside of namespaces too"
    )
    return parser


def _record(server: Server, document: Any, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    namespace = f"policylint-record-{secrets.token_hex(4)}"
    _must(
        server.ask("POST", "/api/v1/namespaces", _namespace(namespace)),
        f"create namespace {namespace}",
    )
    try:
        quota = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "record"},
            "spec": {"hard": QUOTA},
        }
        _must(
            server.ask("POST", f"/api/v1/namespaces/{namespace}/resourcequotas", quota),
            "create a quota",
        )
        for base, body in _bases(options):
            endpoint = server.endpoints.get((body["apiVersion"], body["kind"]))
            if endpoint is None or not (endpoint.namespaced or options.cluster_scoped):
                continue
            yield from _of_base(server, document, endpoint, namespace, (base, body), options.limit)
    finally:
        server.ask("DELETE", f"/api/v1/namespaces/{namespace}")


def _of_base(
    server: Server,
    document: Any,
    endpoint: Endpoint,
    namespace: str,
    named: tuple[str, Any],
    limit: int,
) -> Iterator[dict[str, Any]]:
    """The rows of one base object: created for real, changed only in dry runs, and deleted."""
    base, body = named
    name = body["metadata"]["name"]
    if server.ask("GET", endpoint.path(namespace, name))[0] == 200:
        print(f"{base}: {name} exists already, left alone", file=sys.stderr)
        return
    status, answer = server.apply(endpoint, namespace, name, body, dry_run=False)
    if status not in CREATED:
        print(f"{base}: not created: {answer.get('message', status)[:200]}", file=sys.stderr)
        return
    try:
        count = 0
        for change in changes(body, _schema(document, body)):
            after = _valid(server, endpoint, namespace, body, change)
            if after is not None and after != body:
                yield _row(server, endpoint, namespace, (base, body, after), change)
                count += 1
            if limit and count >= limit:
                break
        print(f"{base}: {count} changes", file=sys.stderr)
    finally:
        server.ask("DELETE", endpoint.path(namespace, name))


def _valid(server: Server, endpoint: Endpoint, namespace: str, body: Any, change: Change) -> Any:
    """The first changed object that the server would take as a new one; None where it takes
    none."""
    for after in change.made(body):
        fresh = copy.deepcopy(after)
        name = fresh["metadata"]["name"] = f"{body['metadata']['name']}-new"
        status, _ = server.apply(endpoint, namespace, name, fresh, dry_run=True)
        if status in CREATED:
            return after
    return None


def _row(
    server: Server, endpoint: Endpoint, namespace: str, sides: tuple[str, Any, Any], change: Change
) -> dict[str, Any]:
    base, before, after = sides
    status, answer = server.apply(
        endpoint, namespace, before["metadata"]["name"], after, dry_run=True
    )
    row = {
        "base": base,
        "apiVersion": before["apiVersion"],
        "kind": before["kind"],
        "path": list(change.path),
        "op": change.op,
        "before": before,
        "after": after,
        "verdict": "accepted" if status in CREATED else "rejected",
    }
    if status not in CREATED:
        causes = (answer.get("details") or {}).get("causes") or []
        row["error"] = {
            **{key: answer.get(key, "") for key in ("code", "reason", "message")},
            "causes": causes,
        }
    return row


def _bases(options: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    wanted, seen = set(filter(None, options.kinds.split(","))), set()
    with gzip.open(options.bases, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["base"] not in seen and (not wanted or row["kind"] in wanted):
                seen.add(row["base"])
                yield row["base"], row["before"]


def _schemas(server: Server) -> Iterator[tuple[str, Any]]:
    for path, page in server.ask("GET", "/openapi/v3")[1].get("paths", {}).items():
        if path == "api/v1" or path.startswith("apis/"):
            document = server.ask("GET", page["serverRelativeURL"])[1]
            yield from document.get("components", {}).get("schemas", {}).items()


def _schema(document: Any, body: Any) -> Schema:
    group, _, version = body["apiVersion"].rpartition("/")
    wanted = {"group": group, "version": version, "kind": body["kind"]}
    named = document["schemas"]
    for schema in named.values():
        if wanted in schema.get("x-kubernetes-group-version-kind", ()):
            return Schema(schema, named)
    return Schema({}, named)


def _minor(server: Server) -> str:
    status, version = server.ask("GET", "/version")
    if status != 200:
        raise UsageError(
            f"the server answers {status}: {version.get('message', '')}",
            remedy="check the context's user",
        )
    return f"{version['major']}.{version['minor'].rstrip('+')}"


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _must(answer: tuple[int, Any], what: str) -> None:
    if answer[0] not in CREATED:
        raise UsageError(
            f"could not {what}: {answer[1].get('message', answer[0])}",
            remedy="the user needs that right",
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(gzip.compress(text.encode(), mtime=0))
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())

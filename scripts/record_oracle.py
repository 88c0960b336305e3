"""Record what an API server answers to small changes, field by field: the data the forecast is
judged by.

    python scripts/record_oracle.py --context NAME --out DIRECTORY [--kinds Deployment,Service]
    [--cluster-scoped]

First, what the server makes of the objects of an earlier recording: each is sent as a dry-run
create. Then each base object (of an earlier recording too) is created once, and every small change
of it that is valid by itself (tried as a dry-run create under another name) is sent as a dry-run
server-side apply. Nothing runs without an explicit --context. Everything lives in a namespace made
for it, with a quota of no pods, and is deleted at the end; cluster-scoped kinds are left out unless
asked for, and never touch an object that exists already.

Writes openapi-MINOR.json.gz, as `scripts/make_openapi.py` reads it, defaults-MINOR.jsonl.gz and
fields-MINOR.jsonl.gz.
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
SENT = ROOT / "fixtures" / "oracle" / "defaults-1.36.jsonl.gz"
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
        defaults, rows = _record(server, document, options)
        if not rows:
            raise UsageError(
                "nothing was recorded", remedy="see the lines above: were the base objects created?"
            )
        _write_rows(options.out / f"defaults-{minor}.jsonl.gz", defaults)
        _write_rows(options.out / f"fields-{minor}.jsonl.gz", rows)
    except PolicylintError as error:
        print(f"{error}\n  fix  {error.remedy}", file=sys.stderr)
        return 2
    refused = sum(row["verdict"] == "rejected" for row in rows)
    print(
        f"Kubernetes {minor}: {len(defaults)} objects, {len(rows)} changes, {refused} refused, "
        f"in {options.out}"
    )
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
    parser.add_argument(
        "--sent", default=SENT, type=Path, help="a recording whose sent objects are sent again"
    )
    parser.add_argument("--kinds", default="", help="only these kinds, with commas between")
    parser.add_argument(
        "--limit", default=0, type=int, help="at most so many changes of each base object"
    )
    parser.add_argument(
        "--cluster-scoped", action="store_true", help="kinds outside of namespaces too"
    )
    return parser


def _record(
    server: Server, document: Any, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(what the server makes of objects, the changes it takes and refuses), in a namespace made for
    it."""
    namespace = f"policylint-record-{secrets.token_hex(4)}"
    _must(
        server.ask("POST", "/api/v1/namespaces", _namespace(namespace)),
        f"create namespace {namespace}",
    )
    try:
        defaults = list(_defaults(server, namespace, options))  # pods too: before the quota
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
        rows: list[dict[str, Any]] = []
        for base, body in _bases(options):
            endpoint = _endpoint(server, body, options)
            if endpoint is not None:
                named = (base, body)
                rows += _of_base(server, document, endpoint, namespace, named, options.limit)
        return defaults, rows
    finally:
        server.ask("DELETE", f"/api/v1/namespaces/{namespace}")


def _endpoint(server: Server, body: Any, options: argparse.Namespace) -> Endpoint | None:
    """Where an object of this kind lives; None for a kind that is not there or not asked for."""
    endpoint = server.endpoints.get((body["apiVersion"], body["kind"]))
    if endpoint is None or not (endpoint.namespaced or options.cluster_scoped):
        return None
    return endpoint


def _defaults(
    server: Server, namespace: str, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """What the server would store of each object, with the defaults that it fills in."""
    kinds = set(filter(None, options.kinds.split(",")))
    for row in _rows(options.sent):
        sent = row["sent"]
        endpoint = _endpoint(server, sent, options)
        if endpoint is None or (kinds and sent["kind"] not in kinds):
            continue
        status, stored = server.ask("POST", endpoint.path(namespace) + "?dryRun=All", sent)
        if status not in CREATED:
            words = stored.get("message", status)
            print(f"{sent['kind']}: not created: {str(words)[:200]}", file=sys.stderr)
            continue
        stored["metadata"].pop("managedFields", None)
        yield {"sent": sent, "stored": stored}


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
    for row in _rows(options.bases):
        if row["base"] not in seen and (not wanted or row["kind"] in wanted):
            seen.add(row["base"])
            yield row["base"], row["before"]


def _rows(recording: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(recording, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


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


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    _write(path, "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(gzip.compress(text.encode(), mtime=0))
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())

"""Score the evaluation of admission policies on the recorded answers of a real API server.

    python scripts/score_policies.py [-v]

A row is equal where `outcome` and every failure's message are the server's, unknown where
policylint says that it cannot tell, wrong else. Rows of our own are in fixtures/oracle; those of
public policies are read in place where POLICYLINT_ORACLE (a directory), or shared/oracle beside
the checkout, holds them, and it is said where they are missing. Exits 1 for a wrong row, and
where more than one in fifty of all rows is unknown: our own were made to be hard, so that they
alone say nothing of that.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from policylint.cel.values import CelUnsupported
from policylint.kubernetes.api.schemas import minor_number, schemas
from policylint.kubernetes.forecast.answers import as_sent, stored
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.server import Sent, Server
from policylint.kubernetes.policies.expressions import RefusedError
from policylint.kubernetes.policies.judge import Judge
from policylint.kubernetes.policies.model import Failure, Open, Policy, Request, Surroundings
from policylint.kubernetes.policies.requests import (
    create_request,
    delete_request,
    equivalents,
    update_request,
)
from policylint.kubernetes.policies.seen import seen
from policylint.model import Apply, Origin, Resource, ResourceId, Target

MINOR = "1.36"
COMPATIBLE = 35
"""The recorded server compiles new policies as 1.35 does."""

ROOT = Path(__file__).parent.parent
OWN = ROOT / "fixtures" / "oracle"
SHARED = Path(os.environ.get("POLICYLINT_ORACLE", ROOT.parent / "shared" / "oracle")) / "vap"
EXPECTED = {
    "own-rq-dryrun#1": "sent without dryRun, which the row does not say",
}
"""Rows that are known to differ, and why."""

AUTHENTICATED = "system:authenticated"
USERS: Mapping[str, Any] = {
    "admin": {
        "username": "oracle-admin",
        "uid": "oracle-uid",
        "groups": ["system:masters", AUTHENTICATED],
    },
    "alice": {"username": "alice", "groups": ["developers", AUTHENTICATED]},
}
"""Who sends the requests of the recording."""

Row = dict[str, Any]


def rows_of(path: Path) -> list[Row]:
    """The rows of a recording, one JSON object a line."""
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


class Recording:
    """Rows with the server that answered them."""

    def __init__(self, rows: list[Row], crds: Mapping[str, Any]) -> None:
        self.rows = rows
        definitions = {
            (crd["spec"]["group"], crd["spec"]["names"]["kind"]): crd for crd in crds.values()
        }
        target = Target(MINOR, "4", Apply.SERVER_SIDE)
        self.server = Server(
            target, Cluster(crds=definitions), definitions, schemas(MINOR), minor_number(MINOR)
        )
        self._homes = dict(self._namespaces())
        self._judges: dict[str, list[Judge]] = {}

    def _namespaces(self) -> Iterator[tuple[str, str]]:
        """The namespace that a set's params are in where they name none."""
        for row in self.rows:
            name = ((row["namespace"] or {}).get("metadata") or {}).get("name", "")
            if name.startswith("t-"):
                yield row["set"], name

    def judge(self, row: Row) -> tuple[str, str]:
        """(equal, unknown or wrong, what differs) of a row."""
        if row.get("also"):
            return "unknown", "mutating policies"
        try:
            answers = list(self._answers(row))
        except RefusedError as error:
            return "wrong", f"refused: {error}"
        except CelUnsupported as error:
            return "unknown", str(error)
        unknowns = [answer.why for answer in answers if isinstance(answer, Open)]
        if unknowns:
            return "unknown", unknowns[0]
        return _compared(row, [answer for answer in answers if isinstance(answer, Failure)])

    def _answers(self, row: Row) -> Iterator[Failure | Open]:
        request, around = self._request(row), self._surroundings(row)
        if row["set"] not in self._judges:
            judges = [Judge(policy, COMPATIBLE) for policy in _policies(row)]
            self._judges[row["set"]] = judges
        for judge in self._judges[row["set"]]:
            yield from judge.answers(request, around)

    def _resource(self, body: Row, namespace: str) -> Resource:
        group, kind = body["apiVersion"].rpartition("/")[0], body["kind"]
        crd = self.server.crds.get((group, kind))
        if crd is not None:
            namespaced = crd["spec"]["scope"] == "Namespaced"
        else:
            namespaced = bool(self.server.published.namespaced(group, kind))
        name = (body.get("metadata") or {}).get("name", "")
        identity = ResourceId(group, kind, namespace if namespaced else "", name)
        return Resource(identity, body["apiVersion"], body, Origin("", 0))

    def _request(self, row: Row) -> Request:
        server, operation = self.server, row["operation"]
        home = row["namespace"]["metadata"]["name"] if row["namespace"] else ""
        namespace = self._namespace(row)
        resource = self._resource(row["after"] or row["before"], home)
        if operation == "CREATE":
            request = create_request(server, resource, namespace)
        else:
            old = self._resource(row["before"], home)
            state = stored(server, old, as_sent(old))
            if operation == "DELETE":
                request = delete_request(server, old, state.live, namespace)
            else:
                sent = Sent(resource, as_sent(resource), as_sent(old))
                request, _ = update_request(server, state, sent, namespace)
        request = replace(request, dry_run="real" not in row["features"], user=USERS[row["user"]])
        return replace(request, equivalents=tuple(equivalents(server, resource, request)))

    def _namespace(self, row: Row) -> Any:
        if row["namespace"] is None:
            return None
        body = {"apiVersion": "v1", "kind": "Namespace", **row["namespace"]}
        body = {**body, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
        return seen(schemas(MINOR).kind("v1", "Namespace"), body, True)

    def _surroundings(self, row: Row) -> Surroundings:
        params = [_bare_namespace(name) for name in ("default", "kube-system")]
        for body in row["params"]:
            own = (body.get("metadata") or {}).get("namespace")
            param = self._resource(body, own or self._homes.get(row["set"], ""))
            live = stored(self.server, param, as_sent(param)).live
            kind = self.server.kind(param)
            params.append(seen(kind.node if kind.builtin else None, live, True))
        if row["namespace"]:
            params.append(self._namespace(row))
        return Surroundings(tuple(params), self._scopes, closed=True)

    @cached_property
    def _scopes(self) -> dict[tuple[str, str], bool]:
        published = schemas(MINOR)
        scopes = {
            (version, kind): bool(published.namespaced(version.rpartition("/")[0], kind))
            for version, kind in published.kinds()
        }
        for (group, kind), crd in self.server.crds.items():
            for version in crd["spec"]["versions"]:
                namespaced = crd["spec"]["scope"] == "Namespaced"
                scopes[f"{group}/{version['name']}", kind] = namespaced
        return scopes


def _bare_namespace(name: str) -> Any:
    return seen(None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _policies(row: Row) -> Iterator[Policy]:
    for body in row["policies"]:
        name = body["metadata"]["name"]
        bindings = [item for item in row["bindings"] if item["spec"].get("policyName") == name]
        yield Policy(name, body["spec"], tuple(bindings))


def _compared(row: Row, failures: list[Failure]) -> tuple[str, str]:
    outcome = "fails" if failures else "passes"
    if outcome != row["outcome"]:
        messages = [failure.message for failure in failures]
        return "wrong", f"{outcome}, the server says {row['outcome']}: {messages}"
    ours = {(failure.policy, failure.binding or None, failure.message) for failure in failures}
    missing = [
        failure
        for failure in row["failures"]
        if (failure["policy"], failure["binding"], _spelled(failure["message"])) not in ours
    ]
    return ("wrong", f"{missing} is not in {sorted(ours, key=str)}") if missing else ("equal", "")


def _spelled(message: str) -> str:
    """A message as the server said it: those of warnings were recorded as Latin-1."""
    try:
        return message.encode("latin-1").decode()
    except UnicodeError:
        return message


def recordings() -> Iterator[tuple[str, Recording]]:
    """The recordings at hand by what they hold."""
    crds = json.loads(gzip.decompress((OWN / "vap-own-crds.json.gz").read_bytes()))
    yield "own policies", Recording(rows_of(OWN / "vap-own-1.36.jsonl.gz"), crds)
    if not SHARED.is_dir():
        print(f"NOT SCORED: the rows of public policies, which {SHARED} does not hold")
        return
    crds = json.loads(gzip.decompress((SHARED / "vap-crds.json.gz").read_bytes()))
    rows = rows_of(SHARED / "vap-1.36.jsonl.gz")
    public = [row for row in rows if row["source"]["repo"] != "own"]
    yield "public policies", Recording(public, crds)


def scored(recording: Recording, verbose: bool) -> Counter[str]:
    """How many rows are equal, unknown and wrong; the reasons where they are asked for."""
    counted, reasons = Counter[str](), Counter[str]()
    for row in recording.rows:
        if row["operation"] == "INSTALL":
            continue
        result, why = recording.judge(row)
        if result == "wrong" and row["id"] in EXPECTED:
            result = "known to differ"
        counted[result] += 1
        if result == "unknown":
            reasons[why] += 1
        if result == "wrong":
            print(f"{row['id']} {row['operation']}: {why}")
    for why, count in reasons.most_common() if verbose else ():
        print(f"  {count} unknown: {why}")
    return counted


def main(arguments: list[str]) -> int:
    """Score what is at hand, and print it."""
    total = Counter[str]()
    for name, recording in recordings():
        counted = scored(recording, "-v" in arguments)
        total += counted
        print(f"policies: {name}: {', '.join(f'{counted[word]} {word}' for word in counted)}")
    too_many = SHARED.is_dir() and total["unknown"] * 50 > sum(total.values())
    return int(total["wrong"] > 0 or too_many)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

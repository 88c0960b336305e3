"""Score the forecast against recorded answers of real API servers and real Helm.

    python scripts/score_forecast.py [--verbose] [--log FILE] [SET ...]

Runs `fixtures/oracle/` (fields, scenarios, cel, and the attacks: validity, texts, states,
collisions) and, read in place where they exist, the upgrades of public charts and the attacks with
public CRDs below $POLICYLINT_ORACLE (default: ../shared/oracle). Prints a confusion matrix by kind
and by Helm line, and every row that is wrong (of a set with many, how many of each kind); exits 1
below the requirements: no false green, false red at most 0.5 % of accepted rows, release-level
agreement at least 99.5 %, `depends` under 3 %. Rows that cannot agree are listed in
score-exceptions.json, with a reason each; what is not mended yet is counted in `OPEN`, and may only
become less.
"""

import argparse
import gzip
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from msgspec.structs import replace

from policylint.errors import PolicylintError
from policylint.kubernetes.api.schemas import RECORDED, group_of, schemas
from policylint.kubernetes.forecast import Cluster, forecast
from policylint.kubernetes.manifests.diff import changes
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import (
    Answer,
    Apply,
    Kept,
    Manifest,
    Origin,
    Outcome,
    Resource,
    ResourceId,
    Target,
    Upgrade,
)

ROOT = Path(__file__).parent.parent
ORACLE = ROOT / "fixtures" / "oracle"
SHARED = Path(os.environ.get("POLICYLINT_ORACLE", ROOT.parent / "shared" / "oracle"))
EXCEPTIONS = Path(__file__).with_name("score-exceptions.json")
MINORS = RECORDED
METHODS = {
    "helm3": ("3", Apply.CLIENT_SIDE),
    "helm33": ("3", Apply.CLIENT_SIDE),
    "helm34": ("4", Apply.CLIENT_SIDE),
    "helm44": ("4", Apply.SERVER_SIDE),
    "helm4": ("4", Apply.SERVER_SIDE),
    "force": ("3", Apply.REPLACE),
}
SENT = {
    "create3": ("create", *METHODS["helm3"]),
    "create4": ("create", *METHODS["helm4"]),
    "update3": ("update", *METHODS["helm3"]),
    "update4": ("update", *METHODS["helm4"]),
}
"""The four requests recorded of each mutated object."""
OPEN = {
    "validity": (0, 0),
    "validity-custom": (0, 0),
    "validity-charts": (0, 0),
    "texts": (0, 0),
    "states": (0, 0),
    "collisions": (0, 0),
}
"""Set -> the false greens and false reds that are known and not mended yet."""
MANY = 100
"""A set with more wrong rows than this is summed up."""
ALLOWED_DEPENDS = {"scenarios-without-live": 0.05}
"""The share of `depends` answers that a set may have; 3 % where it is not named. Without live
objects more is open, such as whether a claim is bound."""


@dataclass(frozen=True)
class Scored:
    """One recorded answer and ours: what it is about, which Helm (or minor), and both words."""

    set: str
    key: str
    kind: str
    line: str
    recorded: str
    ours: str
    why: str


def rows(path: Path) -> Iterator[dict]:
    """The rows of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def resource(body: dict, known) -> Resource:
    """A resource of a recorded object, placed as a reader would."""
    group, kind, metadata = group_of(body["apiVersion"]), body["kind"], body.get("metadata") or {}
    namespace = (
        "" if known.namespaced(group, kind) is False else metadata.get("namespace") or "default"
    )
    identity = ResourceId(group, kind, namespace, str(metadata.get("name")))
    return Resource(identity, body["apiVersion"], body, Origin("row", 1))


def release(
    before: Manifest, after: Manifest, target: Target, cluster: Cluster, namespace: str = "default"
) -> Upgrade:
    """The forecast of one release, through the path that every run takes."""
    changed = changes(before, after, schemas(target.kubernetes))
    return forecast(Upgrade("rel", namespace, target, before, after, changed), cluster)


def manifest(bodies: list[dict], known) -> Manifest:
    """A side of recorded objects."""
    resources = [resource(body, known) for body in bodies]
    return Manifest({item.id: item for item in resources}, {})


def fields(minor: str) -> Iterator[Scored]:
    """One field of one object changed: server-side apply over server-side apply."""
    known, target = schemas(minor), Target(minor, "4", Apply.SERVER_SIDE)
    for number, row in enumerate(rows(ORACLE / f"fields-{minor}.jsonl.gz")):
        sides = (manifest([row[side]], known) for side in ("before", "after"))
        done = release(*sides, target, Cluster())
        outcome, why = combined(done, "upgrade")
        path = "/".join(map(str, row["path"]))
        key = f"{number} {row['base']} {row['op']} {path}"
        yield Scored(f"fields-{minor}", key, row["kind"], minor, row["verdict"], outcome, why)


def combined(done: Upgrade, direction: str) -> tuple[str, str]:
    """A release is refused if any of its objects is; `depends` if nothing else is known."""
    answers = [getattr(change.forecast, direction) for change in done.changes]
    sent = [answer for answer in answers if answer is not None]
    why = reasons(*sent)
    outcomes = {answer.outcome for answer in sent}
    for outcome in (Outcome.REJECTED, Outcome.DEPENDS):
        if outcome in outcomes:
            return outcome.value, why
    return Outcome.ACCEPTED.value, why


def reasons(*answers: Answer) -> str:
    """The causes of some answers, then what they depend on."""
    causes = [cause for answer in answers for cause in answer.causes]
    unknowns = [unknown.what for answer in answers for unknown in answer.unknowns]
    return "; ".join([*(f"{cause.field}: {cause.message[:160]}" for cause in causes), *unknowns])


def live_of(row: dict, known) -> Cluster:
    """The cluster of a scenario: storage classes and CRDs that existed, claims with the status that
    was written."""
    classes = {
        body["metadata"]["name"]: body for body in row["pre"] if body["kind"] == "StorageClass"
    }
    crds = {
        (body["spec"]["group"], body["spec"]["names"]["kind"]): body
        for body in row["pre"]
        if body["kind"] == "CustomResourceDefinition"
    }
    status = {(entry["kind"], entry["name"]): entry["status"] for entry in row["status"]}
    live = {}
    for body in row["before"]:
        if body["kind"] == "PersistentVolumeClaim":
            state = status.get((body["kind"], body["metadata"]["name"]), {"phase": "Pending"})
            live[resource(body, known).id] = {**body, "status": state}
    return Cluster(live=live, crds=crds, storage_classes=classes)


def scenarios(*, live: bool) -> Iterator[Scored]:
    """Releases upgraded and rolled back with real Helm; with the recorded live state, or without
    any."""
    known = schemas("1.36")
    for row in rows(ORACLE / "scenarios-1.36.jsonl.gz"):
        full = live_of(row, known)
        cluster = full if live else Cluster(crds=full.crds)
        texts = [[Text(side, yaml.safe_dump_all(row[side]))] for side in ("before", "after")]
        for helm in ("helm3", "helm4"):
            if row[helm]["forward"]["verdict"] == "invalid-start":
                continue
            line, method = METHODS[helm]
            done = release(
                *Reader("default").read_pair(*texts), Target("1.36", line, method), cluster
            )
            kind = row["before"][0]["kind"]
            for direction, name in (("forward", "upgrade"), ("rollback", "rollback")):
                outcome, why = combined(done, name)
                key = f"{row['id']} {helm} {name}"
                set_name = "scenarios" if live else "scenarios-without-live"
                yield Scored(
                    set_name, key, kind, helm, row[helm][direction]["verdict"], outcome, why
                )


def rules() -> Iterator[Scored]:
    """Custom resources under one validation rule each, and CRDs whose rule the server refused."""
    known, target = schemas("1.36"), Target("1.36", "4", Apply.SERVER_SIDE)
    for row in rows(ORACLE / "cel-1.36.jsonl.gz"):
        names = row["crd"]["spec"]["names"]
        if "crd_rejected" in row:
            done = release(Manifest({}, {}), manifest([row["crd"]], known), target, Cluster())
            recorded, kind = "rejected", "CustomResourceDefinition"
        else:
            cluster = Cluster(crds={(row["crd"]["spec"]["group"], names["kind"]): row["crd"]})
            done = release(
                *(manifest([row[side]], known) for side in ("before", "after")), target, cluster
            )
            recorded, kind = row["verdict"], "custom resource"
        outcome, why = combined(done, "upgrade")
        yield Scored("cel", row["id"], kind, "1.36", recorded, outcome, why)


def validity(path: Path, name: str, *, custom: bool = False) -> Iterator[Scored]:
    """Objects of which one thing was made wrong: created and updated, as either Helm sends it.

    `custom` takes the rows under public CRDs only.
    """
    known = schemas("1.36")
    crds = _attack_crds()
    for row in rows(path):
        if custom and "crds" not in row:
            continue
        cluster = Cluster(crds=crds if "crds" in row else {})
        for recorded in row["answers"]:
            action, line, method = SENT[recorded["method"]]
            bodies = ([] if action == "create" else [row["before"]], [row["after"]])
            try:
                sides = [manifest(side, known) for side in bodies]
                done = release(*sides, Target("1.36", line, method), cluster)
                outcome, why = combined(done, "upgrade")
            except PolicylintError as error:
                outcome, why = "rejected", str(error)  # the run ends with exit 2, and says why
            step = json.dumps(row["steps"])
            words = f" (server: {recorded['message'][:200]})" if recorded.get("message") else ""
            key = f"{row['id']} {recorded['method']} {step}{words}"
            yield Scored(
                name, key, row["kind"], recorded["method"], recorded["verdict"], outcome, why
            )


@cache
def _attack_crds() -> dict[tuple[str, str], dict]:
    path = SHARED / "attack" / "validity-crds.json.gz"
    if not path.exists():
        return {}
    with gzip.open(path, "rt", encoding="utf-8") as text:
        bodies = json.load(text)
    return {(body["spec"]["group"], body["spec"]["names"]["kind"]): body for body in bodies}


def texts() -> Iterator[Scored]:
    """Manifest texts through real `helm upgrade`: what Helm refuses itself, and the server after
    it."""
    for row in rows(ORACLE / "attack-texts.jsonl.gz"):
        for helm in ("helm3", "helm4"):
            target = Target("1.36", *METHODS[helm])
            try:
                sides = Reader("default").read_pair(
                    [Text("before", row["before"])], [Text("after", row["after"])]
                )
                outcome, why = combined(release(*sides, target, Cluster()), "upgrade")
            except PolicylintError as error:
                outcome, why = "rejected", str(error)
            answer = row[helm]
            key = f"{row['id']} {helm} (helm: {answer['msg'][-200:]})"
            yield Scored("texts", key, "text", helm, answer["upgrade"], outcome, why)


def states() -> Iterator[Scored]:
    """Releases whose live objects were changed by others, given as `--live`."""
    known = schemas("1.36")
    for row in rows(ORACLE / "attack-states.jsonl.gz"):
        for helm in ("helm3", "helm4"):
            answer = row[helm]
            live = live_objects(answer["live_objects"], known)
            yield from both_ways("states", row["id"], helm, answer, live)


def live_objects(bodies: list[dict], known) -> Cluster:
    """The cluster that holds these objects."""
    crds = {
        (body["spec"]["group"], body["spec"]["names"]["kind"]): body
        for body in bodies
        if body["kind"] == "CustomResourceDefinition"
    }
    classes = {body["metadata"]["name"]: body for body in bodies if body["kind"] == "StorageClass"}
    live = {resource(body, known).id: body for body in bodies}
    return Cluster(live=live, crds=crds, storage_classes=classes)


def collisions() -> Iterator[Scored]:
    """What two objects cannot both have: node ports, addresses, owners."""
    for row in rows(ORACLE / "attack-collisions.jsonl.gz"):
        for name in (key for key in row if key.startswith("helm")):
            sides = {"before": row["before"], "after": row["after"]}
            yield from both_ways("collisions", row["id"], name, row[name] | sides, Cluster())


def directories() -> Iterator[Scored]:
    """Charts with crds/ directories: what is there when the upgrade is built, and on the way
    back."""
    for row in rows(ORACLE / "attack-directories.jsonl.gz"):
        for helm in ("helm3", "helm4"):
            done = release(*_with_crds(row), Target("1.36", *METHODS[helm]), Cluster())
            answer = row[helm]
            for direction, words in (("upgrade", "msg"), ("rollback", "msgback")):
                outcome, why = combined(done, direction)
                key = f"{row['id']} {helm} {direction} (helm: {answer[words][-200:]})"
                yield Scored("directories", key, "release", helm, answer[direction], outcome, why)


def _with_crds(row: dict) -> tuple[Manifest, Manifest]:
    plain = Reader("default")
    texts = [[Text("crds", row[f"{side}_crds"] or "")] for side in ("before", "after")]
    crds = [tuple(side.resources.values()) for side in plain.read_pair(*texts)]
    reader = plain.knowing(crds[0] + crds[1])
    sides = reader.read_pair([Text("before", row["before"])], [Text("after", row["after"])])
    before, after = (replace(side, crds=own) for side, own in zip(sides, crds, strict=True))
    return before, after


def attacked_charts() -> Iterator[Scored]:
    """Upgrades and rollbacks of public charts with their definitions, by both Helm lines."""
    folder = SHARED / "attack"
    with gzip.open(folder / "charts-base-crds.json.gz", "rt", encoding="utf-8") as text:
        base = json.load(text)
    by_hash = {row["hash"]: row["crd"] for row in rows(folder / "charts-crds.jsonl.gz")}
    known = schemas("1.36")
    for row in rows(folder / "charts-dev.jsonl.gz"):
        crds = [*base, *(by_hash[name] for name in row["crd_hashes"])]
        reader = Reader("default").knowing([resource(body, known) for body in crds])
        sides = reader.read_pair(
            [Text("before", row["before_manifest"])], [Text("after", row["after_manifest"])]
        )
        cluster = Cluster(crds={_defined(body): body for body in crds})
        for helm in ("helm3", "helm4"):
            done = release(*sides, Target("1.36", *METHODS[helm]), cluster)
            yield from _attacked_chart(row, helm, done)


def _attacked_chart(row: dict, helm: str, done: Upgrade) -> Iterator[Scored]:
    for direction in ("upgrade", "rollback"):
        answer = row[helm].get(direction) or {}
        if answer.get("verdict") in ("accepted", "rejected"):
            outcome, why = combined(done, direction)
            key = f"{row['id']} {helm} {direction}"
            yield Scored("charts", key, "release", helm, answer["verdict"], outcome, why)


def _defined(body: dict) -> tuple[str, str]:
    return body["spec"]["group"], body["spec"]["names"]["kind"]


def both_ways(name: str, key: str, helm: str, answer: dict, cluster: Cluster) -> Iterator[Scored]:
    """The upgrade and the rollback of one recorded release."""
    target = Target("1.36", *METHODS[helm])
    namespaces = [identity.namespace for identity in cluster.live if identity.namespace]
    reader = Reader(namespaces[0] if namespaces else "default")
    sides = [[Text(side, documents(answer[side]))] for side in ("before", "after")]
    done = release(*reader.read_pair(*sides), target, cluster, reader.namespace)
    for direction, words in (("upgrade", "msg"), ("rollback", "msgback")):
        if answer.get(direction, "invalid-start") == "invalid-start":
            continue  # the release could not even be installed, so nothing was upgraded
        outcome, why = combined(done, direction)
        row = f"{key} {helm} {direction} (helm: {answer.get(words, '')[-200:]})"
        yield Scored(name, row, "release", helm, answer[direction], outcome, why)


def asked(path: Path) -> Iterator[Scored]:
    """What clusters answered to dry runs, as `policylint check --ask-log` logs it."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for name in METHODS.keys() & row.keys():
            sides = [[Text(side, documents(row[side]))] for side in ("before", "after")]
            reader = Reader(row["namespace"], schemas(row["kubernetes"]))
            target = Target(row["kubernetes"], *METHODS[name])
            done = release(*reader.read_pair(*sides), target, Cluster(), row["namespace"])
            yield from _asked_release(row, name, done)


def _asked_release(row: dict, name: str, done: Upgrade) -> Iterator[Scored]:
    ours = {str(change.id): change for change in (*done.changes, *done.hooks)}
    for recorded in row[name]["objects"]:
        change = ours.get(recorded["resource"])
        if change is None or recorded["upgrade"] == "error":
            continue
        word, why = "depends", ""
        answer = change.forecast.upgrade
        if answer is not None:
            word, why = str(answer.outcome), reasons(answer)
        key = f"{row['id']} {recorded['resource']} (cluster: {recorded['message'][-200:]})"
        yield Scored("asked", key, change.id.kind, name, recorded["upgrade"], word, why)


def documents(bodies: list[dict]) -> str:
    """Manifest text of some objects; JSON, in which no text is taken for a truth value."""
    return "".join(f"---\n{json.dumps(body)}\n" for body in bodies)


def upgrades(every: int = 1) -> Iterator[Scored]:
    """Upgrades of public charts: whole releases under Helm 3, and single objects under server-side
    apply."""
    for number, row in enumerate(rows(SHARED / "upgrades-1.36.jsonl.gz")):
        if number % every:
            continue
        reader = Reader("default")
        sides = reader.read_pair(
            [Text("before", row["before_manifest"])],
            [Text("after", row["after_manifest"])],
        )
        done = release(*sides, Target("1.36", "3", Apply.CLIENT_SIDE), Cluster())
        for name, recorded in (
            ("upgrade", row.get("helm3_upgrade")),
            ("rollback", row.get("helm3_rollback")),
        ):
            if recorded is not None:
                outcome, why = combined(done, name)
                verdict = "accepted" if recorded["ok"] else "rejected"
                yield Scored(
                    "upgrades", f"{row['id']} {name}", "release", "helm3", verdict, outcome, why
                )
        if row.get("helm3_upgrade_force") is not None:
            forced = release(*sides, Target("1.36", "3", Apply.REPLACE), Cluster())
            outcome, why = combined(forced, "upgrade")
            verdict = "accepted" if row["helm3_upgrade_force"]["ok"] else "rejected"
            yield Scored("upgrades-force", row["id"], "release", "force", verdict, outcome, why)
        yield from _objects(row, sides)


def _objects(row: dict, sides: tuple[Manifest, Manifest]) -> Iterator[Scored]:
    target = Target("1.36", "4", Apply.SERVER_SIDE)
    done = release(*sides, target, Cluster())
    refused_start = _refused_start(sides[0], target)
    refused = set()
    for entry in row.get("resources") or []:
        group, kind, _, name = entry["key"][:4]
        if not entry["forward"]["accepted"]:
            refused.add((group, kind, name))
    for change in done.changes:
        if change.forecast.upgrade is None or change.id in refused_start:
            continue  # what the server refuses to create was left out of the recording
        is_refused = (change.id.group, change.id.kind, change.id.name) in refused
        verdict = "rejected" if is_refused else "accepted"
        answer = change.forecast.upgrade
        line = "ssa-kept" if isinstance(change, Kept) else "ssa-new"
        yield Scored(
            "upgrades-objects",
            f"{row['id']} {change.id}",
            change.id.kind,
            line,
            verdict,
            answer.outcome,
            reasons(answer),
        )


def _refused_start(before: Manifest, target: Target) -> set[ResourceId]:
    """The objects that the server refuses to create."""
    start = release(Manifest({}, {}), before, target, Cluster())
    refused = set()
    for change in start.changes:
        if change.forecast.upgrade.outcome is Outcome.REJECTED:
            refused.add(change.id)
    return refused


def matrix(scored: list[Scored], by: str) -> str:
    """The confusion matrix by one attribute."""
    table: dict[str, Counter] = defaultdict(Counter)
    for answer in scored:
        table[getattr(answer, by)][(answer.recorded, str(answer.ours))] += 1
    words = [
        (recorded, ours)
        for recorded in ("accepted", "rejected")
        for ours in ("accepted", "rejected", "depends")
    ]
    head = [f"{recorded[:3]}>{ours[:3]}" for recorded, ours in words]
    rows = [_line(name, map(table[name].__getitem__, words)) for name in sorted(table)]
    return "\n".join([_line(by, head), *rows])


def _line(name: str, cells: Iterable[object]) -> str:
    """A line of a matrix; a count of 0 stays blank."""
    return f"{name:32}" + "".join(f"{cell or '':>9}" for cell in cells)


@cache
def _exceptions() -> dict[str, str]:
    return json.loads(EXCEPTIONS.read_text())


def excused(answer: Scored) -> bool:
    """Whether a row is one of the few that cannot agree (see score-exceptions.json)."""
    return f"{answer.set} {answer.key}" in _exceptions()


def judge(scored: list[Scored]) -> list[str]:
    """The requirements that one set misses."""
    scored = [answer for answer in scored if not excused(answer)]
    if not scored:
        return []
    pairs = Counter((answer.recorded, str(answer.ours)) for answer in scored)
    accepted = sum(answer.recorded == "accepted" for answer in scored)
    depends = sum(answer.ours == "depends" for answer in scored)
    green, red = pairs["rejected", "accepted"], pairs["accepted", "rejected"]
    open_greens, open_reds = OPEN.get(scored[0].set, (0, 0))
    allowed_reds = max(open_reds, 0.005 * accepted)
    allowed_depends = ALLOWED_DEPENDS.get(scored[0].set, 0.03) * len(scored)
    allowed_wrong = 0.005 * len(scored) if scored[0].kind == "release" else len(scored)
    agreement = 1 - (red + green) / len(scored)
    requirements = {
        f"{green} false green, {open_greens} known": green <= open_greens,
        f"{red} false red of {accepted} accepted": red <= allowed_reds,
        f"{depends} depends of {len(scored)}": depends < allowed_depends,
        f"agreement {agreement:.2%}": red + green <= max(open_greens + open_reds, allowed_wrong),
    }
    return [words for words, is_met in requirements.items() if not is_met]


def report(name: str, scored: list[Scored], *, verbose: bool) -> list[str]:
    """Print one set; return what it misses."""
    missed = judge(scored)
    wrong = [answer for answer in scored if answer.recorded != answer.ours]
    right = len(scored) - len(wrong)
    print(
        f"\n== {name}: {len(scored)} answers, {right / max(1, len(scored)):.2%} agree, "
        f"{'; '.join(missed) or 'ok'}"
    )
    print(matrix(scored, "line"))
    if verbose:
        print(matrix(scored, "kind"))
    if len(wrong) > MANY and not verbose:
        print(matrix(wrong, "kind"))
        wrong = []
    for answer in wrong:
        reason = " (excused)" if excused(answer) else ""
        print(
            f"   {answer.recorded} but we say {answer.ours}{reason}: {answer.kind} {answer.key}: "
            f"{answer.why[:300]}"
        )
    return [f"{name}: {requirement}" for requirement in missed]


def every_set() -> dict[str, Callable[[], Iterator[Scored]]]:
    """The sets that are there, by name."""
    sets = {f"fields-{minor}": lambda minor=minor: fields(minor) for minor in MINORS}
    sets["scenarios"] = lambda: scenarios(live=True)
    sets["scenarios-without-live"] = lambda: scenarios(live=False)
    sets["cel"] = rules
    sets["validity"] = lambda: validity(ORACLE / "attack-validity.jsonl.gz", "validity")
    sets |= {"texts": texts, "states": states, "collisions": collisions}
    sets["directories"] = directories
    if (SHARED / "upgrades-1.36.jsonl.gz").exists():
        sets["upgrades"] = upgrades
    if (SHARED / "attack").exists():
        dev = SHARED / "attack" / "validity-dev.jsonl.gz"
        charts = SHARED / "attack" / "validity-charts-dev.jsonl.gz"
        sets["charts"] = attacked_charts
        sets["validity-custom"] = lambda: validity(dev, "validity-custom", custom=True)
        sets["validity-charts"] = lambda: validity(charts, "validity-charts")
    return sets


def main() -> int:
    """Score every set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbose", action="store_true", help="print the matrix by kind too")
    parser.add_argument("--log", type=Path, help="answers that `check --ask-log` wrote, alone")
    parser.add_argument("sets", nargs="*", help="only these: fields-1.36, scenarios, upgrades")
    options = parser.parse_args()
    sets = {"asked": lambda: asked(options.log)} if options.log else every_set()
    missed = []
    for name, score in sets.items():
        if options.sets and name not in options.sets:
            continue
        by_set: dict[str, list[Scored]] = defaultdict(list)
        for answer in score():
            by_set[answer.set].append(answer)
        for part, scored in by_set.items():
            missed += report(part, scored, verbose=options.verbose)
    if "upgrades" not in sets and not options.log:
        print(
            "\n!! LEFT OUT: the upgrades of public charts "
            f"({SHARED / 'upgrades-1.36.jsonl.gz'} is not here)"
        )
    if missed:
        print("\nBELOW THE REQUIREMENTS:", *missed, sep="\n")
        return 1
    print("\nall requirements met")
    return 0


if __name__ == "__main__":
    sys.exit(main())

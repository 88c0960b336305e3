"""Which dangers are told: upgrades of one change each, and the rule that speaks of it.

    python scripts/danger.py [-v] [CASE ...]

`fixtures/danger/*.yaml` list the cases, `fixtures/danger/bases/` the objects that they change:

    - case: statefulset-deleted
      danger: nothing mounts the claims any more
      base: [database]                       # both sides, from bases/
      before:                                # optional: changes to both sides
      - {object: StatefulSet/db, set: {/spec/replicas: 3}}
      change:                                # what the upgrade changes
      - {delete: StatefulSet/db}
      tells: [statefulset-deleted]           # any of these rules, about `object` where it is named
      object: StatefulSet/db

A change is `delete: KIND/NAME`, `create: OBJECT`, or `object: KIND/NAME` with `set` (pointer to
value; a last step of - appends) and `remove` (pointers). A control has `tells: []`: no finding of
an error or a warning may come. `-v` prints what was said of each case. Exits 1 where fewer than
nine of ten dangers are told or a control is not quiet.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from policylint.engine.judging import Judging
from policylint.engine.registry import shipped
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Apply, Finding, Severity, Target
from policylint.pipeline.judging.judge import Case, judge
from policylint.report.model import ReleaseReport
from policylint.runtime.pointers import steps

ROOM = Path(__file__).parent.parent / "fixtures" / "danger"
ENOUGH = 0.9
APPLY = {"3": Apply.CLIENT_SIDE, "4": Apply.SERVER_SIDE}

Danger = Mapping[str, Any]
Objects = dict[str, Any]
"""The objects of one side by KIND/NAME."""


def dangers() -> list[Danger]:
    """Every case, in the files' order."""
    return [
        danger
        for file in sorted(ROOM.glob("*.yaml"))
        for danger in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]


def judged(danger: Danger, by: Judging) -> ReleaseReport:
    """The case as `policylint check` judges it."""
    before = _bases(danger["base"])
    for change in danger.get("before", ()):
        _apply(before, change)
    after = copy.deepcopy(before)
    for change in danger["change"]:
        _apply(after, change)
    helm = str(danger.get("helm", "4"))
    target = Target(str(danger.get("kubernetes", "1.36")), helm, APPLY[helm])
    sides = [_text(side, objects) for side, objects in (("before", before), ("after", after))]
    live = _texts("live", danger.get("live", ()))
    return judge(Case("shop", "shop", target, *sides, live=live), by)


def told(danger: Danger, report: ReleaseReport) -> list[Finding]:
    """The findings that tell the danger; of a control, those that should not be there."""
    if not danger["tells"]:
        return [finding for finding in report.findings if finding.severity != Severity.NOTE]
    return [
        finding
        for finding in report.findings
        if finding.rule in danger["tells"] and _is_about(finding, danger.get("object", ""))
    ]


def main() -> int:
    """Judge, print and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("case", nargs="*")
    asked = parser.parse_args()
    by = Judging(shipped())
    chosen = [danger for danger in dangers() if not asked.case or danger["case"] in asked.case]
    right = {True: 0, False: 0}
    for danger in chosen:
        report = judged(danger, by)
        findings = told(danger, report)
        is_danger = bool(danger["tells"])
        right[is_danger] += bool(findings) is is_danger
        _print(danger, report, findings, verbose=asked.verbose)
    return _verdict(chosen, right)


def _verdict(chosen: Sequence[Danger], right: Mapping[bool, int]) -> int:
    dangerous = sum(bool(danger["tells"]) for danger in chosen)
    controls = len(chosen) - dangerous
    share = right[True] / dangerous if dangerous else 1.0
    print(
        f"{right[True]} of {dangerous} dangers told ({share:.1%}), "
        f"{right[False]} of {controls} controls quiet"
    )
    return int(share < ENOUGH or right[False] < controls)


def _print(
    danger: Danger, report: ReleaseReport, findings: Sequence[Finding], *, verbose: bool
) -> None:
    rules = ", ".join(dict.fromkeys(finding.rule for finding in findings))
    if danger["tells"]:
        print(f"{'told' if findings else 'UNTOLD':<7} {danger['case']}: {rules}")
    else:
        print(f"{'NOISE' if findings else 'quiet':<7} {danger['case']}: {rules}")
    for failure in report.failures:
        print(f"        UNKNOWN {failure.rule} {failure.message}")
    if verbose:
        print(f"        {danger['danger']}")
        for finding in report.findings:
            print(
                f"        {finding.severity} {finding.rule}: {finding.resource}: {finding.message}"
            )


def _is_about(finding: Finding, name: str) -> bool:
    if not name:
        return True
    resource = finding.resource
    return resource is not None and f"{resource.kind}/{resource.name}" == name


def _bases(names: Iterable[str]) -> Objects:
    return {
        _key(body): body
        for name in names
        for body in yaml.safe_load_all((ROOM / "bases" / f"{name}.yaml").read_text("utf-8"))
    }


def _key(body: Mapping[str, Any]) -> str:
    return f"{body['kind']}/{body['metadata']['name']}"


def _apply(objects: Objects, change: Mapping[str, Any]) -> None:
    """Carry out one change on the objects of a side."""
    if "delete" in change:
        del objects[change["delete"]]
    elif "create" in change:
        body = copy.deepcopy(change["create"])
        body["metadata"].setdefault("namespace", "shop")
        objects[_key(body)] = body
    else:
        body = objects[change["object"]]
        for pointer, value in change.get("set", {}).items():
            _set(body, pointer, copy.deepcopy(value))
        for pointer in change.get("remove", ()):
            parent, last = _parent(body, pointer)
            del parent[last]
        if (key := _key(body)) != change["object"]:
            objects[key] = objects.pop(change["object"])


def _set(body: Any, pointer: str, value: Any) -> None:
    parent, last = _parent(body, pointer)
    if last == "-":
        parent.append(value)
    else:
        parent[last] = value


def _parent(body: Any, pointer: str) -> tuple[Any, Any]:
    """The container that a pointer ends in (maps are made on the way), and its last step."""
    *parents, last = steps(pointer)
    for step in parents:
        body = body[int(step)] if isinstance(body, list) else body.setdefault(step, {})
    return body, int(last) if isinstance(body, list) and last != "-" else last


def _text(side: str, objects: Objects) -> tuple[Text, ...]:
    return (Text(f"{side}.yaml", yaml.safe_dump_all(objects.values(), sort_keys=False)),)


def _texts(side: str, bodies: Sequence[Any]) -> tuple[Text, ...]:
    return (Text(f"{side}.yaml", yaml.safe_dump_all(bodies, sort_keys=False)),) if bodies else ()


if __name__ == "__main__":
    sys.exit(main())

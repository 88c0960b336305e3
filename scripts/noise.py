"""How quiet the rules are on good upgrades: findings per rule and per pair over recorded, accepted
upgrades.

    python scripts/noise.py [--every] [--rule RULE]

Reads `upgrades-*` of the recorded answers in place (POLICYLINT_ORACLE, else ../shared/oracle); says
so where they are absent. `--every` takes refused pairs too (a run on real input), `--rule` lists
the pairs of one rule.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from policylint.engine.judging import Judging
from policylint.engine.registry import shipped
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Apply, Target
from policylint.pipeline.judge import Case, judge
from policylint.report.model import ReleaseReport

ORACLE = Path(
    os.environ.get("POLICYLINT_ORACLE", Path(__file__).parent.parent.parent / "shared" / "oracle")
)


def rows() -> Iterator[dict[str, Any]]:
    """Every recorded upgrade of a public chart."""
    for file in sorted(ORACLE.glob("upgrades-*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def accepted(row: dict[str, Any]) -> bool:
    """Whether the server took the upgrade, object by object."""
    return row["helm3_upgrade"]["ok"] and not any(
        not entry["forward"].get("accepted") for entry in row["resources"]
    )


def report(row: dict[str, Any]) -> ReleaseReport:
    """The pair judged as Helm 3 would send it."""
    sides = [(Text(side, row[f"{side}_manifest"], checked=True),) for side in ("before", "after")]
    target = Target("1.36", "3", Apply.CLIENT_SIDE)
    return judge(Case(row["chart"], "default", target, *sides), Judging(shipped()))


def main() -> int:
    """Judge, count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--rule", default="")
    asked = parser.parse_args()
    chosen = [row for row in rows() if asked.every or accepted(row)]
    if not chosen:
        print(f"LEFT OUT: no recorded upgrades in {ORACLE}")
        return 0
    begin = time.perf_counter()
    judged = [(row, report(row)) for row in chosen]
    seconds = time.perf_counter() - begin
    if asked.rule:
        _examples(judged, asked.rule)
    _print(judged, seconds)
    return 0


def _examples(judged: list[tuple[dict[str, Any], ReleaseReport]], rule: str) -> None:
    for row, found in judged:
        for finding in found.findings:
            if finding.rule == rule:
                print(
                    row["id"],
                    row["kind"],
                    finding.severity,
                    finding.resource,
                    finding.path,
                    finding.message,
                )


def _print(judged: list[tuple[dict[str, Any], ReleaseReport]], seconds: float) -> None:
    print(
        f"{len(judged)} pairs in {seconds:.1f} s, "
        f"{sum(len(found.changes) for _, found in judged)} resources"
    )
    for row, found in judged:
        for failure in found.failures:
            print(f"UNKNOWN {row['id']} {failure.rule} {failure.resource} {failure.message}")
    rules: Counter[tuple[str, str]] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for _, found in judged:
        keys = [(finding.rule, str(finding.severity)) for finding in found.findings]
        rules.update(keys)
        pairs.update(set(keys))
    print("\nfindings   pairs  rule")
    for key, count in rules.most_common():
        print(f"{count:8}  {pairs[key]:6}  {key[1]:<8} {key[0]}")
    print("\nkind of change  pairs  median  mean  with an error")
    for kind in sorted({row["kind"] for row, _ in judged}):
        counts = [len(found.findings) for row, found in judged if row["kind"] == kind]
        errors = sum(
            any(f.severity == "error" for f in found.findings)
            for row, found in judged
            if row["kind"] == kind
        )
        print(
            f"{kind:<14}  {len(counts):5}  {statistics.median(counts):6}  "
            f"{statistics.mean(counts):4.1f}  {errors:5}"
        )


if __name__ == "__main__":
    sys.exit(main())

"""How quiet the rules are on good upgrades: findings per rule and per pair over recorded, accepted
upgrades.

    python scripts/noise.py [--every] [--rule RULE] [--sample SEED [--show]]

Then the verdicts on the sample of 60 findings that a seed draws (REVIEWED, unless --sample names
another one): right, evidence wrong, wrong. They are kept in fixtures/noise/reviewed.json by digests
of pair and finding, since nothing of public charts is committed; `--show` prints the sample's
findings with what is needed to judge them. Exits 1 where a reviewed sample is less than 95 % right.

Reads `upgrades-*` of the recorded answers in place (POLICYLINT_ORACLE, else ../shared/oracle); says
so where they are absent. `--every` takes refused pairs too (a run on real input), `--rule` lists
the pairs of one rule.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
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
from policylint.model import Apply, Finding, Target
from policylint.pipeline.judging.judge import Case, judge
from policylint.report.formats.text import of_finding
from policylint.report.model import ReleaseReport

ORACLE = Path(
    os.environ.get("POLICYLINT_ORACLE", Path(__file__).parent.parent.parent / "shared" / "oracle")
)


VERDICTS = Path(__file__).parent.parent / "fixtures" / "noise" / "reviewed.json"
SAMPLE, REVIEWED, AIM = 60, 11, 0.95
"""How many findings a seed draws, the seed whose sample was reviewed last, what share is to be
right."""

Judged = list[tuple[dict[str, Any], ReleaseReport]]


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
    return judge(
        Case(row["chart"], "default", target, *sides), Judging(shipped(), all_findings=False)
    )


def main() -> int:
    """Judge, count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--rule", default="")
    parser.add_argument("--sample", type=int, default=REVIEWED)
    parser.add_argument("--show", action="store_true")
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
    if asked.show:
        _show(judged, asked.sample)
        return 0
    _print(judged, seconds)
    return _print_review(judged, asked.sample)


def _digest(*words: object) -> str:
    return hashlib.sha256("\n".join(map(str, words)).encode()).hexdigest()[:16]


def sample(judged: Judged, seed: int) -> list[tuple[dict[str, Any], Finding, str]]:
    """(row, finding, digest) of the findings with the lowest digests under a seed: the same ones
    are drawn again as long as they are there."""
    every = [
        (row, finding, _digest(row["id"], finding.fingerprint))
        for row, told in judged
        for finding in told.findings
    ]
    return sorted(every, key=lambda drawn: _digest(seed, drawn[2]))[:SAMPLE]


def _show(judged: Judged, seed: int) -> None:
    known = json.loads(VERDICTS.read_text(encoding="utf-8"))
    for row, finding, digest in sample(judged, seed):
        print(f"\n{digest} {row['id']} [{known.get(digest, {}).get('verdict', 'NOT REVIEWED')}]")
        print(of_finding(finding))


def _print_review(judged: Judged, seed: int) -> int:
    known = json.loads(VERDICTS.read_text(encoding="utf-8"))
    drawn = sample(judged, seed)
    verdicts = Counter(
        known[digest]["verdict"] if digest in known else "not reviewed" for _, _, digest in drawn
    )
    words = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    print(f"\nof {len(drawn)} findings drawn by seed {seed}: {words}")
    reviewed = len(drawn) - verdicts["not reviewed"]
    return int(reviewed > 0 and verdicts["right"] < AIM * reviewed)


def _examples(judged: Judged, rule: str) -> None:
    for row, report in judged:
        for finding in report.findings:
            if finding.rule == rule:
                print(
                    row["id"],
                    row["kind"],
                    finding.severity,
                    finding.resource,
                    finding.path,
                    finding.message,
                )


def _print(judged: Judged, seconds: float) -> None:
    print(
        f"{len(judged)} pairs in {seconds:.1f} s, "
        f"{sum(len(release.changes) for _, release in judged)} resources"
    )
    for row, release in judged:
        for failure in release.failures:
            print(f"UNKNOWN {row['id']} {failure.rule} {failure.resource} {failure.message}")
    rules: Counter[tuple[str, str]] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for _, release in judged:
        keys = [(finding.rule, str(finding.severity)) for finding in release.findings]
        rules.update(keys)
        pairs.update(set(keys))
    print("\nfindings   pairs  rule")
    for key, count in rules.most_common():
        print(f"{count:8}  {pairs[key]:6}  {key[1]:<8} {key[0]}")
    _print_kinds(judged)


def _print_kinds(judged: Judged) -> None:
    """A line for each kind of change: how many findings its pairs have."""
    print("\nkind of change  pairs  median  mean  with an error")
    for kind in sorted({row["kind"] for row, _ in judged}):
        releases = [release for row, release in judged if row["kind"] == kind]
        counts = [len(release.findings) for release in releases]
        errors = sum(map(_has_error, releases))
        print(
            f"{kind:<14}  {len(counts):5}  {statistics.median(counts):6}  "
            f"{statistics.mean(counts):4.1f}  {errors:5}"
        )


def _has_error(release: ReleaseReport) -> bool:
    return any(finding.severity == "error" for finding in release.findings)


if __name__ == "__main__":
    sys.exit(main())

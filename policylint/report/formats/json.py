"""The machine's view: the versioned JSON report, described by `policylint schema report`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from msgspec import UNSET, to_builtins

from policylint.errors import RuleFailure
from policylint.model import Finding, Fix, Location, ResourceId
from policylint.report.model import (
    ChangeSummary,
    ReleaseReport,
    Report,
    every_failure,
    every_finding,
    every_settled,
    every_standing,
)
from policylint.report.places import shown_path
from policylint.report.totals import summary
from policylint.runtime.escapes import json_text
from policylint.version import __version__

SCHEMA = "policylint/report/v1"
_RELEASES = '\n  "releases": []'
"""Where the releases stand in the document: what comes before holds no text from outside."""
_INDENT = "\n    "


def render(report: Report) -> str:
    """The report as one JSON document."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """The same, one release after the other: the document of a fleet takes more memory than its
    report."""
    head, releases, rest = json_text(_document(report)).partition(_RELEASES)
    if not report.releases:
        yield f"{head}{releases}{rest}"
        return
    yield f"{head}{releases[:-1]}"
    for number, release in enumerate(report.releases):
        text = json_text(_release(release)).rstrip("\n").replace("\n", _INDENT)
        yield f"{',' if number else ''}{_INDENT}{text}"
    yield f"\n  ]{rest}"


def _document(report: Report) -> dict[str, Any]:
    """The report as JSON values but for its releases, keys as design and schema have them."""
    findings = (finding for _, finding in chain(every_finding(report), every_settled(report)))
    failures = sum(1 for _ in every_failure(report))
    return {
        "schema": SCHEMA,
        "version": __version__,
        "verdict": str(report.verdict),
        "summary": {
            **summary(findings, failures),
            "standing": every_standing(report),
        },
        "releases": [],
        "findings": [_finding(finding) for finding in (*report.findings, *report.settled)],
        "failures": [_failure(failure) for failure in report.failures],
        **_of_run(report),
    }


def _of_run(report: Report) -> dict[str, Any]:
    """The keys that only some runs have: those of a scan, of one that touches no release, and of
    one that a configuration judges."""
    keys: dict[str, Any] = {}
    if report.scan is not None:
        keys |= {"files_read": report.scan.files_read, "invocations": report.scan.invocations}
    if report.untouched:
        keys["untouched"] = report.untouched
    if report.configuration is not None:
        own = report.configuration
        keys["configuration"] = {**to_builtins(own), "file": shown_path(own.file)}
    if report.shard is not None:
        keys["shard"] = to_builtins(report.shard)
    if report.counts is not None:
        keys["counts"] = to_builtins(report.counts)
    return keys


def _release(release: ReleaseReport) -> dict[str, Any]:
    target = release.target
    return {
        "name": release.name,
        "namespace": release.namespace,
        "environment": target.environment,
        "kubernetes": target.kubernetes,
        "helm": target.helm,
        "apply": str(target.apply),
        "verdict": str(release.verdict),
        "changes": [_change(change) for change in release.changes],
        "findings": [_finding(finding) for finding in (*release.findings, *release.settled)],
        "failures": [_failure(failure) for failure in release.failures],
        "evidence": to_builtins(release.evidence) if release.evidence else {},
        "images": to_builtins(release.images),
        **({"chart": to_builtins(release.chart)} if release.chart else {}),
        "source": to_builtins(release.source) if release.source else None,
        **({"controller": list(release.controller)} if release.controller else {}),
        "change": release.change,
        "routine": release.routine,
        "standing": len(release.standing),
        **(to_builtins(release.history) if release.history else {}),
        **({"values": to_builtins(release.values)} if release.values else {}),
    }


def _change(change: ChangeSummary) -> dict[str, Any]:
    return {
        "resource": resource(change.resource),
        "change": change.change,
        "impact": str(change.impact),
        "reason": change.reason,
        "fields": change.fields,
        "noise": change.noise,
        "forecast": {
            "upgrade": str(change.upgrade) if change.upgrade else None,
            "rollback": str(change.rollback) if change.rollback else None,
        },
        **({} if change.asked is UNSET else {"asked": to_builtins(change.asked)}),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "category": str(finding.category),
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "direction": str(finding.direction),
        "resource": resource(finding.resource),
        "path": finding.path,
        "before": finding.before,
        "after": finding.after,
        "message": finding.message,
        "because": finding.because,
        "fingerprint": finding.fingerprint,
        "waived": _waived(finding),
        "new": not finding.known,
        **({"dry": True} if finding.dry else {}),
        "locations": [_location(location) for location in finding.locations],
        "fixes": [_fix(fix) for fix in finding.fixes],
        **_of_policy(finding),
    }


def _waived(finding: Finding) -> dict[str, Any] | None:
    """Who waived a finding, why and until when; null where nobody did."""
    waived = finding.waived
    if waived is None:
        return None
    place = {"file": shown_path(waived.where.file), "line": waived.where.line}
    return {
        "reason": waived.reason,
        "owner": waived.owner,
        "expires": waived.expires,
        "where": place,
    }


def _of_policy(finding: Finding) -> dict[str, Any]:
    """The policy that a finding comes from, where it is one's."""
    if finding.policy is None:
        return {}
    return {"policy": to_builtins(finding.policy)}


def resource(identity: ResourceId | None) -> dict[str, str] | None:
    """An identity as JSON."""
    if identity is None:
        return None
    return {
        "group": identity.group,
        "kind": identity.kind,
        "namespace": identity.namespace,
        "name": identity.name,
    }


def _location(location: Location) -> dict[str, Any]:
    row: dict[str, Any] = {
        "role": location.role,
        "file": shown_path(location.file),
        "line": location.line,
    }
    if location.column:
        row["column"] = location.column
    if location.key:
        row["key"] = location.key
    if location.template_line:
        row["template_line"] = location.template_line
    return row | _of_cause(location)


def _of_cause(location: Location) -> dict[str, Any]:
    """What a cause was and is, and whether it was tried."""
    row: dict[str, Any] = {}
    if location.before is not None or location.after is not None:
        row = {"before": location.before, "after": location.after}
    if location.confirmed:
        return row
    return {**row, "confirmed": False}


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [
        {"file": shown_path(edit.file), "start": edit.start, "end": edit.end, "text": edit.text}
        for edit in fix.edits
    ]
    return {
        "title": fix.title,
        "grade": str(fix.grade),
        "steps": list(fix.steps),
        "edits": edits,
        "cost": fix.cost,
    }


def _failure(failure: RuleFailure) -> dict[str, Any]:
    return {
        "rule": failure.rule,
        "resource": resource(failure.resource),
        "message": failure.message,
        "remedy": failure.remedy,
    }

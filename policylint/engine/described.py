"""The pages of rules beside the findings that a report has of them."""

from __future__ import annotations

from msgspec.structs import replace

from policylint.engine.registry import all_rules
from policylint.engine.rule import Rule
from policylint.report.model import Report, RuleInfo, every_finding


def described(report: Report) -> Report:
    """The report with the pages of the rules that found something; loads every rule."""
    ids = {finding.rule for _, finding in every_finding(report)}
    if not ids:
        return report
    known, _ = all_rules()
    return replace(report, rules=tuple(_info(rule) for rule in known if rule.id in ids))


def _info(rule: Rule) -> RuleInfo:
    return RuleInfo(rule.id, rule.title, rule.page, rule.category, rule.severity)

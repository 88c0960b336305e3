"""`policylint test`: run the examples that YAML rules carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from policylint.engine.judging import Judging
from policylint.engine.rule import Rule
from policylint.engine.yamlrule import read_rule
from policylint.errors import UsageError
from policylint.kubernetes.api.schemas import NEWEST
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Target
from policylint.pipeline.judge import Case, judge


def rules_below(path: Path) -> tuple[Rule, ...]:
    """The YAML rules of a file or directory. Raises `UsageError` where there is none, `ReadError`
    for a broken one."""
    files = [path] if path.is_file() else sorted(path.rglob("*.yaml"))
    if not files:
        raise UsageError(
            f"no rule there: {path}", remedy="name a rule file, or a directory of them"
        )
    return tuple(read_rule(file.read_text(encoding="utf-8"), str(file)) for file in files)


def failures(rule: Rule) -> Iterator[str]:
    """What is wrong with a rule's examples: each that does not come out as it expects, and a
    missing direction."""
    for example in rule.examples:
        outcome = _outcome(rule, example)
        if outcome != example.get("expect"):
            yield (
                f"{rule.id}: example {example.get('name', '?')} gives {outcome}, not "
                f"{example.get('expect')}"
            )
    for expected in ("pass", "fail"):
        if not any(example.get("expect") == expected for example in rule.examples):
            yield f"{rule.id}: no example that must {expected}"


def _outcome(rule: Rule, example: Mapping[str, Any]) -> str:
    before, after = (
        (Text(side, example[side]),) if example.get(side) else () for side in ("before", "after")
    )
    report = judge(Case("example", "default", Target(NEWEST), before, after), Judging((rule,)))
    return "unknown" if report.failures else "fail" if report.findings else "pass"

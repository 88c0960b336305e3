"""Helpers for tests of one's own rules, in Python or YAML.

from policylint.testing import assert_examples, findings, rule_file

def test_owner_label():
    rule = rule_file("policies/owner-label.yaml")
    assert_examples(rule)
    assert [each.message for each in findings(rule, after=MANIFEST)] == ["nobody owns web"]
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from policylint.commands.test import examples, rules_below
from policylint.engine.rule import Rule
from policylint.errors import PolicylintError
from policylint.model import Finding, Json
from policylint.pipeline.trial import Trial, tried

__all__ = ["assert_examples", "findings", "rule_file"]


def rule_file(path: str | Path) -> Rule:
    """The rule of a file, in YAML or (`.py`) Python. Raises `UsageError` for one that is none, and
    for a module of several."""
    (rule,) = rules_below(Path(path))
    return rule


def findings(
    rule: Rule,
    *,
    before: str = "",
    after: str = "",
    command: str = "",
    files: Mapping[str, str] | None = None,
    history: str = "",
    values: Json = None,
    old_values: Json = None,
    params: Mapping[str, Json] | None = None,
) -> tuple[Finding, ...]:
    """What a rule finds on two manifests, in helm commands, files of a repository or a history.

    Raises `PolicylintError` where it cannot judge them.
    """
    value_inputs = {"values": values, "oldValues": old_values}
    inputs = {name: value for name, value in value_inputs.items() if value is not None}
    trial = Trial(before, after, inputs, command, history, params or {}, files=files or {})
    result = tried(rule.id, trial, (rule,))
    if result.outcome == "unknown":
        raise PolicylintError(result.why)
    return result.findings


def assert_examples(rule: Rule) -> None:
    """Raise AssertionError where an example of a rule does not come out as it says."""
    wrong = [outcome for outcome in examples(rule) if not outcome.is_right]
    if wrong:
        raise AssertionError(
            "\n".join(
                f"{outcome.about} gives {outcome.result}, not {outcome.expected} {outcome.why}"
                for outcome in wrong
            )
        )

"""What `policylint explain` prints: the page of a rule or policy by its name, else what an error
means and what to do."""

from __future__ import annotations

import re

from policylint.advice.errors import Explanation, explain, nearest
from policylint.commands.catalogue import judging_here, policy_pages, rules
from policylint.engine.catalogue import page
from policylint.engine.registry import all_rules
from policylint.model import Fix

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
"""How rules and policies are called; an error has more than a word."""


def written(text: str) -> str | None:
    """The page of the rule or policy called exactly so, else the explanation of an error; None
    where neither is known. Raises `UsageError` where the rules of this directory cannot be
    read."""
    name = text.strip()
    rule = next((rule for rule in all_rules()[0] if rule.id == name), None)
    if rule is not None:
        return page(rule)
    if _NAME.fullmatch(name):
        pages = _own(name)
        if pages:
            return "\n".join(pages)
    explanation = explain(text)
    if explanation is None:
        return None
    return "\n".join(_explanation(part) for part in (explanation, *explanation.also))


def _own(name: str) -> list[str]:
    """The pages of what the configuration here names by this name."""
    with judging_here() as here:
        pages = [page(rule) for rule in rules(here) if rule.id == name]
        return pages + list(policy_pages(name, here))


def unknown(text: str) -> str:
    """What is said of a text that is neither: the nearest topics, which may be something else."""
    known = "neither a rule nor an error that is known here"
    topics = "".join(f"\n  near {topic}: {title}" for topic, title in nearest(text))
    if topics:
        return f"{known}; the nearest are{topics}"
    return known


def _explanation(explanation: Explanation) -> str:
    subject = " ".join(
        part for part in (explanation.kind, explanation.name, explanation.field) if part
    )
    lines = [explanation.topic, explanation.title, ""]
    if subject:
        lines += [f"about: {subject}", ""]
    lines += [explanation.cause, ""] if explanation.cause else []
    for correction in explanation.corrections:
        lines += [f"not so: {correction}", ""]
    lines += [line for fix in explanation.fixes for line in _fix(fix)]
    return "\n".join(lines).rstrip() + "\n"


def _fix(fix: Fix) -> list[str]:
    cost = f" ({fix.cost})" if fix.cost else ""
    return [
        f"fix: {fix.title}{cost}",
        *(f"  {number}. {step}" for number, step in enumerate(fix.steps, 1)),
    ]

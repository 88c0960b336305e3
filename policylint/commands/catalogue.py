"""What `policylint rules` and `policylint explain` know: the shipped rules, and the rules and
policies that the configuration of this directory names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from policylint.engine.packs import rules_of_packs
from policylint.engine.registry import all_rules, sorted_rules
from policylint.engine.rule import Rule
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.kubernetes.policies.model import Policy, name_of
from policylint.model import Object
from policylint.pipeline.configuration.gate import judge_of
from policylint.pipeline.configuration.settings import Settings, load_config, resolve
from policylint.report.places import shown_path


@contextmanager
def judging_here(configuration: str = "") -> Iterator[Settings]:
    """What judges here: in a pull request what the base names, of which copies are made as long as
    this is open. Raises `UsageError` for a configuration that cannot be read."""
    options = Options(config=configuration)
    with Workspace() as workspace:
        gate = judge_of(options, load_config(options), workspace)
        yield resolve(options, gate.config)


def rules(here: Settings) -> tuple[Rule, ...]:
    """Every rule that a check here may judge by, in order of ids. Raises `UsageError` for a pack
    that cannot be read."""
    shipped, _ = all_rules()
    return sorted_rules((*shipped, *rules_of_packs(here.criteria.packs)))


def policy_pages(name: str, here: Settings) -> Iterator[str]:
    """A page for each policy of this name: where it stands, who binds it and what it demands."""
    if not here.policies:
        return
    from policylint.pipeline.judging.policies import policies_of
    from policylint.pipeline.texts import named_texts

    for policy in policies_of(named_texts(here.policies, here.called)):
        if policy.name == name:
            yield _policy_page(policy)


def _policy_page(policy: Policy) -> str:
    bindings = [_binding(binding) for binding in policy.bindings] or ["no binding"]
    lines = [
        policy.name,
        f"{policy.kind}, {shown_path(policy.file)}:{policy.line}, {', '.join(bindings)}",
        "",
    ]
    for validation in policy.spec.get("validations") or ():
        message = validation.get("message") or validation.get("messageExpression") or ""
        lines.append(f"demands: {validation.get('expression', '')}")
        if message:
            lines.append(f"  says: {message}")
    lines += [f"not judged offline: {what}" for what in policy.unsupported]
    return "\n".join(lines).rstrip() + "\n"


def _binding(binding: Object) -> str:
    actions = (binding.get("spec") or {}).get("validationActions") or ["Deny"]
    return f"bound by {name_of(binding)} ({', '.join(map(str, actions))})"

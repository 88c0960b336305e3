"""Policies that the user brought, asked about an upgrade: findings and what they could not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylint.errors import RuleFailure
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.manifests.reader import Text
from policylint.kubernetes.policies.arriving import judge_with_own
from policylint.kubernetes.policies.model import Failure, Open, Policy, Source
from policylint.kubernetes.policies.reading import PolicySet, read
from policylint.kubernetes.policies.release import Judged, Ruling
from policylint.model import (
    Category,
    Confidence,
    Finding,
    Location,
    PolicyRef,
    ResourceId,
    Severity,
    Upgrade,
)
from policylint.pipeline.judging.asked import Asked
from policylint.redaction.redactor import Redactor

_AUTOGENERATING = frozenset({"ClusterPolicy", "ValidatingPolicy"})
_SEVERITIES = (("Deny", Severity.ERROR), ("Warn", Severity.WARNING), ("Audit", Severity.NOTE))


_LATE = "; it comes with this upgrade, and judges what is sent some seconds after it"


def ask(texts: Iterable[Text], upgrade: Upgrade, cluster: Cluster, redactor: Redactor) -> Asked:
    """Ask the policies of some files, and those that the release itself has had, about an upgrade.

    Raises ReadError for a file that is no YAML.
    """
    texts = tuple(texts)
    brought = tuple(_sources(texts))
    judged = judge_with_own(upgrade, cluster, brought)
    findings = tuple(
        _finding(ruling, ruling.answer, redactor)
        for ruling in judged.rulings
        if isinstance(ruling.answer, Failure)
    )
    failures = (*_failures(judged, redactor), *_nothing(texts, read(brought)))
    return Asked(findings, failures, tuple(map(_unbound, judged.unbound)))


def policies_of(texts: Iterable[Text]) -> tuple[Policy, ...]:
    """The policies of some files, with their bindings, those that cannot be evaluated too."""
    policies = read(tuple(_sources(texts)))
    return (*policies.policies, *policies.unread)


def _sources(texts: Iterable[Text]) -> Iterator[Source]:
    for text in texts:
        for document in text.documents():
            yield Source(document.body(), document.file, document.line)


def _nothing(texts: tuple[Text, ...], policies: PolicySet) -> Iterator[RuleFailure]:
    if texts and not policies.policies and not policies.unread and not any(map(_is_rule, texts)):
        files = ", ".join(dict.fromkeys(text.file for text in texts))
        yield RuleFailure(
            "policies",
            f"{files} holds no policy",
            "name a file or directory with ValidatingAdmissionPolicies and bindings, or rules",
        )


def _is_rule(text: Text) -> bool:
    """Whether a file holds a rule of policylint's own, which is judged by already."""
    bodies = (document.body() for document in text.documents())
    return any(isinstance(body, dict) and "validations" in body for body in bodies)


def _unbound(policy: Policy) -> str:
    return (
        f"{policy.kind} {policy.name} has no binding among the files of policies: no cluster asks"
        " it, and it was not asked here"
    )


def _finding(ruling: Ruling, answer: Failure, redactor: Redactor) -> Finding:
    policy, asked = ruling.policy, ruling.asked
    resource = asked.resource
    origin = resource.origin
    locations = [Location("rendered", origin.file, origin.line)]
    if policy.file:
        locations.append(Location("policy", policy.file, policy.line))
    return Finding(
        rule=policy.name,
        category=Category.POLICY,
        severity=_severity(ruling, answer),
        confidence=Confidence.DEPENDS if ruling.late else Confidence.CERTAIN,
        direction=asked.direction,
        message=redactor.text(answer.message),
        because=redactor.text(_because(ruling, answer)),
        resource=resource.id,
        locations=tuple(locations),
        where=f"{answer.binding} {answer.expression}" + (" of pods" if asked.of_pods else ""),
        policy=PolicyRef(
            policy.kind, policy.name, answer.binding, answer.expression, asked.request.operation
        ),
    )


def _severity(ruling: Ruling, answer: Failure) -> Severity:
    """What the binding makes of it; at most a warning of a rollback that returns to what violates
    the policy already, as that is no news of this change."""
    severity = next(
        (severity for action, severity in _SEVERITIES if action in answer.actions), Severity.NOTE
    )
    if ruling.standing and severity is Severity.ERROR:
        return Severity.WARNING
    return severity


def _because(ruling: Ruling, answer: Failure) -> str:
    policy = f"{ruling.policy.kind} '{answer.policy}'"
    if answer.binding:
        binding = f" with binding '{answer.binding}'"
    else:
        binding = ""
    request = ruling.asked.request
    verb = {"Deny": "denies", "Warn": "warns of", "Audit": "records"}
    strongest = next((action for action, _ in _SEVERITIES if action in answer.actions), "Audit")
    if ruling.asked.of_pods:
        refused = "Helm's request is accepted, its controller's are not"
        if ruling.policy.kind in _AUTOGENERATING:
            refused = "its controller's requests; Kyverno's autogen refuses the workload itself"
        words = f"{policy}{binding} {verb[strongest]} the pods of this workload: {refused}"
        if ruling.late:
            return words + _LATE
        return words
    words = f"{policy}{binding} {verb[strongest]} this {request.operation} of {request.resource}"
    if ruling.late:
        words += _LATE
    if ruling.standing:
        words += "; what it goes back to violates the policy as it stands"
    return words


def _failures(judged: Judged, redactor: Redactor) -> Iterator[RuleFailure]:
    """One line for each policy and reason, however many resources it is about."""
    grouped: dict[tuple[str, str, str], list[ResourceId]] = {}
    for ruling in judged.rulings:
        if isinstance(ruling.answer, Open):
            key = (ruling.policy.kind, ruling.policy.name, ruling.answer.why)
            grouped.setdefault(key, []).append(ruling.asked.resource.id)
    for (kind, name, why), resources in grouped.items():
        yield _failure(kind, name, redactor.text(why), list(dict.fromkeys(resources)))
    for untold in judged.untold:
        resources = [untold.resource] if untold.resource else []
        yield _failure(untold.policy.kind, untold.policy.name, redactor.text(untold.why), resources)


def _failure(kind: str, name: str, why: str, resources: list[ResourceId]) -> RuleFailure:
    if len(resources) > 1:
        about = f" of {len(resources)} resources"
    else:
        about = ""
    return RuleFailure(
        name,
        f"{kind} {name} cannot be evaluated offline{about}: {why}",
        "ask the cluster: helm upgrade --dry-run=server evaluates no policy,"
        " kubectl apply --dry-run=server does",
        resources[0] if resources else None,
    )

"""The API server that answers, what it holds, and what it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from policylint.kubernetes.api.schemas import Schemas
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.kinds import Kind, kind_of
from policylint.kubernetes.forecast.request import Finding
from policylint.model import Answer, Cause, Object, Outcome, Resource, Target, Unknown

ACCEPTED = Answer(Outcome.ACCEPTED)


class State(Struct, frozen=True):
    """An object in the cluster: as stored, as last applied by Helm, and whether that is inferred
    (`assumed`).

    `as_merged` says that server-side apply has merged it, and that decoding and defaulting have
    changed nothing of that.
    """

    live: Object
    applied: Object
    assumed: bool = True
    as_merged: bool = False


class Sent(Struct, frozen=True):
    """An update as Helm sends it: the resource, its body and that of Helm's old manifest.

    `valid` is what the server stored when it was sent this body before: reading it again cannot
    fail, and becoming it again can only be refused as a change. `reverses` says that the body
    differs from the old one in plain values alone, each of which was there before.
    """

    resource: Resource
    body: Object
    base: Object
    valid: Object | None = None
    reverses: bool = False


class Server(Struct, frozen=True):
    """The API server that answers: target version and method, what is known of the cluster, the
    CRDs it has."""

    target: Target
    cluster: Cluster
    crds: Mapping[tuple[str, str], Object]
    published: Schemas
    minor: int
    """36 for Kubernetes 1.36."""
    built: Mapping[tuple[str, str], Object] | None = None
    """The CRDs that it has when Helm builds the release, before anything is sent; None for those of
    `crds`."""
    release: str = ""
    namespace: str = ""
    applies_hooks: bool = False
    """Whether a hook is applied over an object of its name, as Argo CD does."""

    def kind(self, resource: Resource) -> Kind:
        """What this server knows of a resource's kind."""
        return kind_of(resource, self.target.kubernetes, self.crds)

    def kind_at_build(self, resource: Resource) -> Kind:
        """What this server knows of a resource's kind when Helm looks it up, before it sends
        anything."""
        known = self.crds if self.built is None else self.built
        return kind_of(resource, self.target.kubernetes, known)


def answer(findings: Iterable[Finding]) -> Answer:
    """Put what was found into one answer: any cause refuses, else any unknown makes it depend."""
    seen = list(findings)
    causes = tuple(
        {
            (finding.field, finding.message): finding
            for finding in seen
            if isinstance(finding, Cause)
        }.values()
    )
    unknowns = tuple(dict.fromkeys(finding for finding in seen if isinstance(finding, Unknown)))
    if causes:
        return Answer(Outcome.REJECTED, causes)
    if unknowns:
        return Answer(Outcome.DEPENDS, unknowns=unknowns)
    return ACCEPTED

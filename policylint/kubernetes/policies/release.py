"""A whole release under policies: every request of the upgrade and of the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.cel.values import CelUnsupported
from policylint.kubernetes.api.schemas import minor_number, schemas
from policylint.kubernetes.api.workloads import pod_template
from policylint.kubernetes.forecast.answers import as_sent, stored
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.decode import UndecodableError
from policylint.kubernetes.forecast.impact import is_kept
from policylint.kubernetes.forecast.server import Sent, Server, State
from policylint.kubernetes.forecast.timing import when_sent
from policylint.kubernetes.manifests.install import UNNAMED_RELEASE
from policylint.kubernetes.policies.expressions import RefusedError
from policylint.kubernetes.policies.judge import Judge
from policylint.kubernetes.policies.model import Failure, Open, Policy, Request, Surroundings
from policylint.kubernetes.policies.reading import PolicySet
from policylint.kubernetes.policies.requests import (
    create_request,
    delete_request,
    equivalents,
    update_request,
)
from policylint.kubernetes.policies.seen import seen
from policylint.model import (
    Apply,
    Created,
    Deleted,
    Direction,
    Json,
    Kept,
    Object,
    Resource,
    ResourceId,
    Upgrade,
)

_LABEL = ("app.kubernetes.io/managed-by", "Helm")


class Asked(Struct, frozen=True):
    """A request with what it is about: the resource, the direction, and whether it is that of the
    pods of a workload."""

    resource: Resource
    request: Request
    direction: Direction = Direction.UPGRADE
    of_pods: bool = False


class Ruling(Struct, frozen=True):
    """What a policy says of a request."""

    asked: Asked
    policy: Policy
    answer: Failure | Open
    standing: bool = False
    """Of a rollback: whether what it goes back to violates the policy as it stands, so that the
    rollback brings nothing that was not there before."""
    late: bool = False
    """Whether the policy comes with this upgrade, and judges the request only if that is sent some
    seconds later."""


class Untold(Struct, frozen=True):
    """A policy that says nothing at all, and why."""

    policy: Policy
    why: str
    resource: ResourceId | None = None


class Judged(Struct, frozen=True):
    """What all policies say of a release."""

    rulings: tuple[Ruling, ...] = ()
    untold: tuple[Untold, ...] = ()
    unbound: tuple[Policy, ...] = ()
    """Policies without a binding: no cluster asks them."""


def judge(upgrade: Upgrade, cluster: Cluster, policies: PolicySet) -> Judged:
    """Ask the policies that are given about every request that Helm sends."""
    minor = minor_number(upgrade.target.kubernetes)
    judges, untold = _compiled(policies, minor)
    if not judges:
        return Judged((), tuple(untold), _unbound(policies))
    requests = _Requests(upgrade, cluster, policies)
    around = _surroundings(upgrade, cluster, policies)
    rulings: list[Ruling] = []
    asked, broken = requests.all()
    for request in asked:
        for policy_judge in judges:
            rulings += _rulings(policy_judge, request, around)
    untold += [Untold(item.policy, why, identity) for identity, why in broken for item in judges]
    return Judged(tuple(_once(rulings)), tuple(untold), _unbound(policies))


def _unbound(policies: PolicySet) -> tuple[Policy, ...]:
    return tuple(
        policy for policy in policies.policies if not policy.bindings and not policy.unsupported
    )


def _compiled(policies: PolicySet, minor: int) -> tuple[list[Judge], list[Untold]]:
    judges: list[Judge] = []
    untold = [Untold(policy, why) for policy in policies.unread for why in policy.unsupported]
    for policy in policies.policies:
        untold += [Untold(policy, why) for why in policy.unsupported]
        if not policy.bindings:
            continue
        try:
            # a server takes what the minor before it knows
            judges.append(Judge(policy, minor - 1))
        except RefusedError as error:
            untold.append(Untold(policy, f"the API server does not take this policy: {error}"))
        except CelUnsupported as error:
            untold.append(Untold(policy, str(error)))
    return judges, untold


def _rulings(judge: Judge, asked: Asked, around: Surroundings) -> Iterator[Ruling]:
    answers = list(_answers(judge, asked, around))
    denied = [answer for answer in answers if isinstance(answer, Failure)]
    stands = asked.direction is Direction.ROLLBACK and bool(denied)
    if stands:
        standing = set(_standing(judge, asked, around))
    else:
        standing = set()
    for answer in answers:
        yield Ruling(asked, judge.policy, answer, answer in standing)


def _standing(judge: Judge, asked: Asked, around: Surroundings) -> Iterator[Failure | Open]:
    """What a policy says of the object that a rollback brings back, were it there already: an
    update that changes nothing, a creation as it was made before."""
    request = asked.request
    if request.operation == "DELETE":
        return
    if request.operation == "UPDATE":
        kin = (
            replace(equivalent, old_object=equivalent.object) for equivalent in request.equivalents
        )
        request = replace(request, old_object=request.object, equivalents=tuple(kin))
    yield from _answers(judge, replace(asked, request=request), around)


def _answers(judge: Judge, asked: Asked, around: Surroundings) -> Iterator[Failure | Open]:
    if asked.of_pods and judge.takes_workload(asked.request.equivalents):
        return  # the workload itself is judged by this policy
    request = asked.request
    if asked.of_pods:
        request = replace(request, equivalents=())
    yield from judge.answers(request, around)


def _once(rulings: Iterable[Ruling]) -> Iterator[Ruling]:
    """What is true both ways is told of the upgrade alone."""
    known: set[object] = set()
    for ruling in rulings:
        about = (ruling.asked.resource.id, ruling.asked.of_pods, ruling.policy.name, ruling.answer)
        if about not in known:
            known.add(about)
            yield ruling


class _Requests:
    """The requests of one upgrade; `broken` are resources that no server could hold."""

    def __init__(self, upgrade: Upgrade, cluster: Cluster, policies: PolicySet) -> None:
        self._upgrade = upgrade
        self._cluster = cluster
        self._user = policies.user
        self._namespaces = _namespaces(upgrade, cluster, policies)
        self._forward = _server(upgrade, cluster)

    def all(self) -> tuple[list[Asked], list[tuple[ResourceId, str]]]:
        """Every request, those of the upgrade first."""
        asked: list[Asked] = []
        broken: list[tuple[ResourceId, str]] = []
        for change in self._upgrade.changes:
            try:
                asked += map(self._complete, self._of(change))
            except UndecodableError as error:
                broken.append(
                    (change.id, f"the object cannot be read as the server would: {error}")
                )
        for resource in self._upgrade.after.hooks.values():
            asked.append(self._complete(self._created(resource, Direction.UPGRADE, helm=False)))
        return sorted(asked, key=lambda request: request.direction is Direction.ROLLBACK), broken

    def _of(self, change: Any) -> Iterator[Asked]:
        if isinstance(change, Created):
            yield self._created(change.after, Direction.UPGRADE)
            yield from self._pods(change.after, Direction.UPGRADE)
            yield self._deleted(change.after, Direction.ROLLBACK)
        elif isinstance(change, Deleted):
            if not is_kept(change.before):
                yield self._deleted(change.before, Direction.UPGRADE)
            yield self._created(change.before, Direction.ROLLBACK)
            yield from self._pods(change.before, Direction.ROLLBACK)
        else:
            yield from self._kept(change)

    def _kept(self, change: Kept) -> Iterator[Asked]:
        live = self._cluster.live.get(change.id)
        before, after = self._marked(change.before), self._marked(change.after)
        start = self._stored(before)
        if live is not None:
            start = replace(start, live=live)
        upgrade = Sent(after, as_sent(after), as_sent(before))
        namespace = self._namespace(change.after)
        request, state = update_request(self._forward, start, upgrade, namespace)
        if change.fields or self._upgrade.target.apply is not Apply.CLIENT_SIDE:
            yield Asked(change.after, request)
        yield from self._pods(change.after, Direction.UPGRADE)
        if change.fields:
            back = Sent(before, as_sent(before), as_sent(after))
            request, _ = update_request(self._forward, state, back, namespace)
            yield Asked(change.before, request, Direction.ROLLBACK)
            yield from self._pods(change.before, Direction.ROLLBACK)

    def _created(self, resource: Resource, direction: Direction, helm: bool = True) -> Asked:
        marked = self._marked(resource) if helm else resource
        return Asked(
            resource,
            create_request(self._forward, marked, self._namespace(resource)),
            direction,
        )

    def _deleted(self, resource: Resource, direction: Direction) -> Asked:
        marked = self._marked(resource)
        live = self._cluster.live.get(resource.id) or self._stored(marked).live
        request = delete_request(self._forward, marked, live, self._namespace(resource))
        return Asked(resource, request, direction)

    def _pods(self, resource: Resource, direction: Direction) -> Iterator[Asked]:
        """The pods that a controller will make of a workload."""
        template = pod_template(resource)
        if template is None or resource.id.kind == "Pod":
            return
        pod = _pod(resource, template)
        request = create_request(self._forward, pod, self._namespace(resource))
        workload = create_request(self._forward, self._marked(resource), self._namespace(resource))
        kin = tuple(equivalents(self._forward, resource, workload))
        yield Asked(resource, replace(request, equivalents=(workload, *kin)), direction, True)

    def _stored(self, resource: Resource) -> State:
        return stored(self._forward, resource, as_sent(resource))

    def _complete(self, asked: Asked) -> Asked:
        user = None if asked.of_pods else self._user
        request = replace(asked.request, user=user)
        if not asked.of_pods:
            kin = tuple(equivalents(self._forward, asked.resource, request))
            request = replace(request, equivalents=kin)
        return replace(asked, request=request)

    def _namespace(self, resource: Resource) -> Json:
        return self._namespaces.get(resource.id.namespace)

    def _marked(self, resource: Resource) -> Resource:
        """The resource with what Helm adds to every object that it sends.

        Source: helm pkg/action/validate.go setMetadataVisitor.
        """
        if self._upgrade.release in ("", UNNAMED_RELEASE):
            return resource
        metadata = resource.metadata
        labels = {**resource.labels, _LABEL[0]: _LABEL[1]}
        annotations = {
            **resource.annotations,
            "meta.helm.sh/release-name": self._upgrade.release,
            "meta.helm.sh/release-namespace": self._upgrade.namespace,
        }
        body = {
            **resource.body,
            "metadata": {**metadata, "labels": labels, "annotations": annotations},
        }
        return Resource(resource.id, resource.api_version, body, resource.origin, resource.hooks)


def _pod(resource: Resource, template: Object) -> Resource:
    metadata = {**(template.get("metadata") or {})}
    metadata["generateName"] = f"{resource.id.name}-"
    metadata["namespace"] = resource.id.namespace
    metadata.pop("name", None)
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec")}
    identity = ResourceId("", "Pod", resource.id.namespace, "")
    return Resource(identity, "v1", body, resource.origin)


def _server(upgrade: Upgrade, cluster: Cluster) -> Server:
    version = upgrade.target.kubernetes
    definitions = when_sent(upgrade, cluster)
    return Server(upgrade.target, cluster, definitions, schemas(version), minor_number(version))


def _namespaces(upgrade: Upgrade, cluster: Cluster, policies: PolicySet) -> Mapping[str, Any]:
    """Namespace objects by name: of the release, of --live, of the files of policies."""
    bodies: list[Object] = [body for body in policies.objects if _is_namespace(body)]
    bodies += [body for identity, body in cluster.live.items() if identity.kind == "Namespace"]
    for side in (upgrade.before, upgrade.after):
        bodies += [
            resource.body
            for identity, resource in side.resources.items()
            if identity.kind == "Namespace" and not identity.group
        ]
    node = schemas(upgrade.target.kubernetes).kind("v1", "Namespace")
    return {_name(body): seen(node, _labelled(body), True) for body in bodies}


def _is_namespace(body: Object) -> bool:
    return (body.get("apiVersion"), body.get("kind")) == ("v1", "Namespace")


def _name(body: Object) -> str:
    return str((body.get("metadata") or {}).get("name") or "")


def _labelled(body: Object) -> Object:
    """The Namespace with the label that every server adds."""
    metadata = dict(body.get("metadata") or {})
    labels = metadata.get("labels") or {}
    metadata["labels"] = {**labels, "kubernetes.io/metadata.name": _name(body)}
    return {**body, "metadata": metadata}


def _surroundings(upgrade: Upgrade, cluster: Cluster, policies: PolicySet) -> Surroundings:
    published = schemas(upgrade.target.kubernetes)
    scopes = {
        (version, kind): bool(published.namespaced(version.rpartition("/")[0], kind))
        for version, kind in published.kinds()
    }
    definitions = when_sent(upgrade, cluster)
    for (group, kind), crd in definitions.items():
        for version in (crd.get("spec") or {}).get("versions") or ():
            namespaced = definitions.namespaced(group, kind) is not False
            scopes[f"{group}/{version.get('name')}", kind] = namespaced
    for body in policies.objects:
        named = (str(body.get("apiVersion")), str(body.get("kind")))
        scopes.setdefault(named, bool((body.get("metadata") or {}).get("namespace")))
    return Surroundings(tuple(_params(upgrade, cluster, policies)), scopes)


def _params(upgrade: Upgrade, cluster: Cluster, policies: PolicySet) -> Iterator[Object]:
    """Whatever may be a param, each object once: live ones first, the new side's last."""
    known: set[tuple[str, str, str, str]] = set()
    for body in _candidates(upgrade, cluster, policies):
        metadata = body.get("metadata") or {}
        version, kind = str(body.get("apiVersion")), str(body.get("kind"))
        about = (version, kind, str(metadata.get("namespace") or ""), _name(body))
        if about not in known:
            known.add(about)
            node = schemas(upgrade.target.kubernetes).kind(version, kind)
            yield seen(node, body, True)


def _candidates(upgrade: Upgrade, cluster: Cluster, policies: PolicySet) -> Iterator[Object]:
    yield from cluster.live.values()
    yield from policies.objects
    for side in (upgrade.before, upgrade.after):
        for resource in side.resources.values():
            if resource.id.kind not in ("CustomResourceDefinition",):
                yield as_sent(resource)

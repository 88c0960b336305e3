"""The frozen values that flow through policylint; this module imports nothing of ours.

Sides are called `before` and `after` everywhere. Objects (`Json`) are plain dicts and lists
as the YAML reader made them, and are never changed once read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

Json = Any  # a value as JSON has it
Object = Mapping[str, Any]


class Severity(StrEnum):
    """How much a finding weighs; `--fail-on` names the lowest that fails a run."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for note, 1 for warning, 2 for error."""
        return ("note", "warning", "error").index(self.value)


class Category(StrEnum):
    """What a rule is about, hardest first; as a level each includes those before it."""

    CLUSTER_REJECTS = "cluster-rejects"
    DATA_LOSS = "data-loss"
    ROLLBACK = "rollback"
    DOWNTIME = "downtime"
    PRACTICE = "practice"
    POLICY = "policy"
    """What a policy of the user's own says; no level of its own."""


class Confidence(StrEnum):
    """How sure a finding is; `depends` names the live state that decides."""

    CERTAIN = "certain"
    LIKELY = "likely"
    DEPENDS = "depends"


class Direction(StrEnum):
    """Which way a finding looks: the upgrade itself or the way back."""

    UPGRADE = "upgrade"
    ROLLBACK = "rollback"


class Impact(StrEnum):
    """What the upgrade does to one resource."""

    NONE = "none"
    IN_PLACE = "in-place"
    ROLLING_RESTART = "rolling-restart"
    RECREATE = "recreate"
    CREATE = "create"
    DELETE = "delete"
    REFUSED = "refused"


class Grade(StrEnum):
    """How far a fix can be trusted to be applied by a machine."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    MANUAL = "manual"


class Apply(StrEnum):
    """How Helm sends an update to the API server."""

    CLIENT_SIDE = "client-side"
    SERVER_SIDE = "server-side"
    REPLACE = "replace"


class Verdict(StrEnum):
    """The answer of a run: 0, 1 and 2 as exit codes."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        """0 for pass, 1 for fail, 2 for unknown."""
        return {"pass": 0, "fail": 1, "unknown": 2}[self.value]


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """Combine verdicts: unknown beats fail, fail beats pass, and nothing at all is unknown."""
    seen = set(verdicts)
    if Verdict.UNKNOWN in seen or not seen:
        return Verdict.UNKNOWN
    if Verdict.FAIL in seen:
        return Verdict.FAIL
    return Verdict.PASS


class ResourceId(Struct, frozen=True, order=True):
    """A resource's identity; the API version is no part of it, so an apiVersion move is one
    resource.

    `group` is "" for the core group, `namespace` is "" for cluster-scoped kinds.
    """

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


class Origin(Struct, frozen=True):
    """Where a resource was rendered: template path (or manifest file), 1-based line in the
    render."""

    file: str
    line: int


class Resource(Struct, frozen=True):
    """One object of a manifest as Kubernetes reads it; `body` is never changed."""

    id: ResourceId
    api_version: str
    body: Object
    origin: Origin
    hooks: tuple[str, ...] = ()
    """The events of `helm.sh/hook`; empty for an ordinary resource."""

    def may_hold(self, words: Iterable[str]) -> bool:  # noqa: ARG002  one that is read holds anything
        """Whether one of these words may be a key or a value of it, as far as can be told without
        reading it."""
        return True

    @property
    def is_hook(self) -> bool:
        """Whether Helm runs it as a hook (tests included) instead of keeping it as a resource."""
        return bool(self.hooks)

    @property
    def metadata(self) -> Object:
        """The object's metadata, an empty mapping where it has none."""
        meta = self.body.get("metadata")
        if isinstance(meta, Mapping):
            return meta
        return {}

    @property
    def annotations(self) -> Object:
        """The annotations, an empty mapping where there are none."""
        written = self.metadata.get("annotations")
        if isinstance(written, Mapping):
            return written
        return {}

    @property
    def labels(self) -> Object:
        """The labels, an empty mapping where there are none."""
        written = self.metadata.get("labels")
        if isinstance(written, Mapping):
            return written
        return {}


class Manifest(Struct, frozen=True):
    """One side, read: resources by identity in manifest order, hooks apart."""

    resources: Mapping[ResourceId, Resource]
    hooks: Mapping[ResourceId, Resource]
    duplicates: tuple[Resource, ...] = ()
    """Second and later resources of an identity already seen on this side."""
    crds: tuple[Resource, ...] = ()
    """CustomResourceDefinitions of the chart's crds/ directory, which Helm installs but never
    upgrades."""
    skipped: tuple[Resource, ...] = ()
    """Objects that Helm leaves out without a word: their helm.sh/hook names no event it knows."""


class Target(Struct, frozen=True):
    """What the upgrade is judged for: Kubernetes minor ("1.36"), Helm line ("3" or "4"), how it is
    sent."""

    kubernetes: str
    helm: str = "4"
    apply: Apply = Apply.SERVER_SIDE
    force: bool = False
    """`--force` / `--force-replace` was given."""
    environment: str = ""
    force_conflicts: bool = False
    """`--force-conflicts` was given: server-side apply takes what other managers own."""
    take_ownership: bool = False
    """`--take-ownership` was given: objects that belong to nobody's release are taken over."""


class Outcome(StrEnum):
    """What the API server answers to one request."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEPENDS = "depends"


class Cause(Struct, frozen=True):
    """One reason of a refusal, in the API server's own words.

    `field` is the server's path ("spec.template.spec.containers[0].image"), `reason` its reason
    ("FieldValueInvalid", "FieldValueForbidden", ...), `message` its text. `topic` is the id of the
    rule that explains it; a topic without a rule of that name is explained by `immutable-field`.
    `source` says where the fact comes from.
    """

    field: str
    reason: str
    message: str
    topic: str = "immutable-field"
    source: str = ""


class Unknown(Struct, frozen=True):
    """What an answer depends on that an offline run cannot see, and the command that tells."""

    what: str
    how: str
    topic: str = "immutable-field"
    field: str = ""


class Answer(Struct, frozen=True):
    """The API server's answer to one request; causes where rejected, unknowns where it depends."""

    outcome: Outcome
    causes: tuple[Cause, ...] = ()
    unknowns: tuple[Unknown, ...] = ()


class Forecast(Struct, frozen=True):
    """The answers for one resource, both ways; None where no request is sent."""

    upgrade: Answer | None = None
    rollback: Answer | None = None
    unapplied: tuple[FieldChange, ...] = ()
    """What the manifest says and the server does not hold after an accepted upgrade: `before` is
    the manifest's value, `after` the server's."""
    dropped: tuple[FieldChange, ...] = ()
    """What the manifest says of fields that the kind does not have: the server leaves it out."""
    reverted: tuple[FieldChange, ...] = ()
    """What the upgrade changes of the live object that was given although both sides say the same:
    `before` is the live value."""
    recreated: str = ""
    """Why the object is deleted and made anew, "" where it is changed."""


class FieldChange(Struct, frozen=True):
    """One leaf or subtree that differs.

    `path` is an RFC 6901 pointer into the after object (the before object for a removal); list
    items that moved are matched by Kubernetes' list keys. `noise` marks what every chart bump
    makes.
    """

    path: str
    op: str  # add | remove | replace
    before: Json = None
    after: Json = None
    noise: bool = False


class Created(Struct, frozen=True):
    """A resource that only the after side has."""

    after: Resource
    forecast: Forecast = Forecast()
    deletes_live: bool = False
    """Of a hook: an object that is no part of the release has its name in the cluster, and Helm
    deletes it."""

    @property
    def id(self) -> ResourceId:
        """The identity."""
        return self.after.id


class Kept(Struct, frozen=True):
    """A resource of both sides; `fields` is empty when the two are equal."""

    before: Resource
    after: Resource
    fields: tuple[FieldChange, ...] = ()
    forecast: Forecast = Forecast()

    @property
    def id(self) -> ResourceId:
        """The identity."""
        return self.after.id


class Deleted(Struct, frozen=True):
    """A resource that only the before side has."""

    before: Resource
    forecast: Forecast = Forecast()

    @property
    def id(self) -> ResourceId:
        """The identity."""
        return self.before.id


Change = Created | Kept | Deleted


class Sending(Struct, frozen=True):
    """How an object is sent that is sent otherwise than the others of its release."""

    apply: Apply
    force: str = ""
    """What asks to delete it and make it anew: always where `apply` replaces it, else where the
    change is refused."""


class Upgrade(Struct, frozen=True):
    """All of one release's change; the subject of rules that look at several resources."""

    release: str
    namespace: str
    target: Target
    before: Manifest
    after: Manifest
    changes: tuple[Change, ...] = ()
    hooks: tuple[Created, ...] = ()
    """The hooks that the upgrade runs, and those that a rollback to the before side would, with the
    forecast of their creation."""
    secrets: tuple[str, ...] = ()
    """Values that are known to be secret, wherever they are rendered to."""
    live: Mapping[ResourceId, Object] = {}
    """The objects of the cluster that were given, as `kubectl get -o yaml` prints them."""
    restarting: Mapping[str, str] = {}
    """Workloads ("Deployment web") whose pod template is another one at every render, and where:
    their pods restart whatever changes."""
    sendings: Mapping[ResourceId, Sending] = {}
    """The objects that are sent otherwise than the others."""
    applies_hooks: bool = False
    """Whether hooks are applied over what is there, as Argo CD does, where Helm creates them."""

    def of(self, *kinds: str) -> tuple[Change, ...]:
        """The changes of these kinds, in order."""
        return tuple(change for change in self.changes if change.id.kind in kinds)


class Location(Struct, frozen=True):
    """A place to look at: `role` is rendered, cause, command or record; `line` and `column` are
    1-based."""

    role: str
    file: str
    line: int = 0
    column: int = 0
    key: str = ""
    path: str = ""
    """The template's own file, where `file` is the name that Helm gives a rendered one."""
    template_line: int = 0
    """The line of the template, where `line` is one of its render and the template tells."""
    before: str | None = None
    """What a cause was, as text with secrets masked; None where it was not there."""
    after: str | None = None
    confirmed: bool = True
    """Whether a cause was tried: the finding is gone without it."""


class Edit(Struct, frozen=True):
    """Replace the bytes start..end of a file of the user's by `text`."""

    file: str
    start: int
    end: int
    text: str


class Fix(Struct, frozen=True):
    """What to do instead: steps for a person, edits for a machine, and what it costs."""

    title: str
    grade: Grade = Grade.MANUAL
    steps: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    cost: str = ""


class Violation(Struct, frozen=True):
    """What a rule says of its subject; the engine adds the rule's own data and makes a `Finding` of
    it.

    The optional fields override what the engine would fill in: the rule's category, severity and
    confidence, and the subject's resource and location.
    """

    message: str
    because: str = ""
    path: str = ""
    before: Json = None
    after: Json = None
    fixes: tuple[Fix, ...] = ()
    direction: Direction = Direction.UPGRADE
    category: Category | None = None
    severity: Severity | None = None
    confidence: Confidence | None = None
    resource: ResourceId | None = None
    locations: tuple[Location, ...] = ()


class Waived(Struct, frozen=True):
    """Who says that a finding may stand, why and until when ("2027-01-31", "" for ever)."""

    reason: str
    owner: str
    expires: str
    where: Location
    """Where the waiver is written."""


class PolicyRef(Struct, frozen=True):
    """The policy that a finding comes from: `operation` is CREATE, UPDATE or DELETE."""

    kind: str
    name: str
    binding: str
    expression: str
    operation: str


class Finding(Struct, frozen=True):
    """One line of the report."""

    rule: str
    category: Category
    severity: Severity
    confidence: Confidence
    direction: Direction
    message: str
    because: str
    resource: ResourceId | None = None
    path: str = ""
    before: Json = None
    after: Json = None
    locations: tuple[Location, ...] = ()
    fixes: tuple[Fix, ...] = ()
    where: str = ""
    """What tells apart findings of a rule that are about no resource: a file and a key."""
    policy: PolicyRef | None = None
    """The policy that was brought along, where the finding is one's."""
    about: str | None = None
    """What tells it apart from others of its rule, wherever it stands: the field with the keys of
    list items instead of their places, a key of the values, the words of a command; None for
    `path` and `where`."""
    waived: Waived | None = None
    known: bool = False
    """Whether a baseline holds it."""
    dry: bool = False
    """Whether its pack is on trial: shown, and out of the verdict."""

    def fails(self, threshold: Severity) -> bool:
        """Whether it fails a run of this `--fail-on`."""
        return not self.dry and self.severity.rank >= threshold.rank

    @property
    def counts(self) -> bool:
        """Whether it bears on the verdict: neither waived nor known."""
        return self.waived is None and not self.known

    @property
    def fingerprint(self) -> str:
        """16 hex digits that stay the same while the finding is about the same change of the same
        thing: wherever it stands in its file, however the file is called and whatever is said of
        it."""
        import hashlib
        import json

        id_ = self.resource
        if id_:
            where = [id_.group, id_.kind, id_.namespace, id_.name]
        else:
            where = []
        if self.about is None:
            about = [self.path, self.where]
        else:
            about = [self.about]
        words = [self.rule, self.direction, where, *about, self.before, self.after]
        text = json.dumps(words, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

"""What a policy is asked, and what it answers: frozen values without any evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from policylint.model import Json, Object


class Source(Struct, frozen=True):
    """An object of a file: its body, and where it stands."""

    body: Object
    file: str
    line: int = 0


class Policy(Struct, frozen=True):
    """A policy as the server runs it, with its bindings and where it was read.

    `origin` is the object that the user has: another kind where it was converted.
    """

    name: str
    spec: Object
    bindings: tuple[Object, ...] = ()
    kind: str = "ValidatingAdmissionPolicy"
    file: str = ""
    line: int = 0
    unsupported: tuple[str, ...] = ()
    """What of the user's object cannot be evaluated offline, in words."""


class Request(Struct, frozen=True):
    """One admission request: what the server hands its policies.

    `object` and `old_object` are as the server holds them, None where there is none. `namespace` is
    the Namespace object of a namespaced request, None where the object has none or nobody knows it.
    """

    operation: str
    api_version: str
    kind: str
    resource: str
    name: str
    namespace_name: str = ""
    object: Json = None
    old_object: Json = None
    namespace: Json = None
    namespaced: bool = True
    user: Object | None = None
    """`request.userInfo`; None offline."""
    dry_run: bool = False
    generated: bool = False
    """Whether the server makes the name: `name` is then what it begins with."""
    sent_as: str = ""
    """The API version that was sent, where this is the request in another one."""
    equivalents: tuple[Request, ...] = ()
    """The same request in the other versions of its kind."""

    @property
    def group(self) -> str:
        """The group of the API version."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version without its group."""
        return self.api_version.rpartition("/")[2]


class Surroundings(Struct, frozen=True):
    """What of the cluster policies look at: params by (apiVersion, kind), kinds that exist, and
    equivalents of kinds.

    `scopes` says whether a known kind is namespaced; a kind that is not there is unknown.
    """

    params: Sequence[Object] = ()
    scopes: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    closed: bool = False
    """Whether `params` are all that the cluster holds."""


class Failure(Struct, frozen=True):
    """A validation that failed, and what its binding makes of that.

    `actions` are the binding's `validationActions`; ("Deny",) for what is denied whatever they are.
    """

    policy: str
    binding: str
    message: str
    expression: str = ""
    actions: tuple[str, ...] = ("Deny",)
    reason: str = "Invalid"


class Open(Struct, frozen=True):
    """What of a policy cannot be told offline, and why."""

    policy: str
    binding: str
    why: str
    expression: str = ""


class Verdict(Struct, frozen=True):
    """What all policies say of one request."""

    failures: tuple[Failure, ...] = ()
    open: tuple[Open, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Audit annotations, by "policy/key"."""


def name_of(body: Json) -> str:
    """The name in an object's metadata."""
    if isinstance(body, Mapping):
        metadata = body.get("metadata")
    else:
        metadata = None
    if isinstance(metadata, Mapping):
        return str(metadata.get("name") or "")
    return ""

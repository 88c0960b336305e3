"""What a rule is, and the decorator that makes one of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from msgspec import Struct, field

from policylint.model import Category, Confidence, Severity, Target, Upgrade, Violation


class Purse:
    """What a rule of expressions may still spend in a run; its first expression fills it."""

    def __init__(self) -> None:
        self.content: Any = None


class Context(Struct, frozen=True):
    """What a rule may look at beside its subject.

    `upgrade` is the whole change (None for subjects outside a check: a scan, a history), `params`
    the rule's own parameters from its defaults and the configuration.
    """

    target: Target
    upgrade: Upgrade | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Every rule's parameters of the configuration, by id; a rule itself looks at `params`."""
    level: Category | None = None
    """The level that was asked for by name; None for the default."""
    invocations: tuple[Any, ...] = ()
    """The commands or declarations known to deploy this release."""
    rule_ids: frozenset[str] = frozenset()
    """The ids of all shipped rules, for the rule that explains what no other does."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What rules in YAML may name beside their subject: values, oldValues, history."""
    purse: Purse = field(default_factory=Purse)

    @property
    def asks_for_habits(self) -> bool:
        """Whether habits of running Helm are errors: in production, and with `--level practice`."""
        return self.target.environment.startswith("prod") or self.level is Category.PRACTICE


Check = Callable[[Any, Context], Iterable[Violation]]


class Rule(Struct, frozen=True):
    """One rule, whichever way it was written."""

    id: str
    subjects: tuple[type, ...]
    """The types of what it judges; the engine dispatches by them."""
    category: Category
    severity: Severity
    confidence: Confidence
    since: str
    title: str
    page: str
    check: Check
    pack: str = "core"
    params: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Mapping[str, Any], ...] = ()


def rule(
    *,
    category: Category,
    severity: Severity,
    confidence: Confidence = Confidence.CERTAIN,
    since: str = "0.1",
    pack: str = "core",
    params: Mapping[str, Any] | None = None,
) -> Callable[[Check], Rule]:
    """Make a rule of a check function.

    The id is the module's file name in kebab-case, the page the module's docstring, the subjects
    the type of the function's first parameter, or each type of a union (so a rule module has no
    `from __future__ import annotations`).
    """

    def make(check: Check) -> Rule:
        first = next(iter(check.__annotations__.values()))
        subjects = get_args(first) or (first,)
        if not all(isinstance(subject, type) for subject in subjects):
            raise TypeError(
                f"{check.__module__}: the first parameter of a check names its subject's type"
            )
        page = (check.__globals__.get("__doc__") or "").strip()
        title = page.partition("\n")[0].rstrip(".")
        name = check.__module__.rpartition(".")[2].replace("_", "-")
        return Rule(
            name,
            subjects,
            category,
            severity,
            confidence,
            since,
            title,
            page,
            check,
            pack,
            params or {},
        )

    return make

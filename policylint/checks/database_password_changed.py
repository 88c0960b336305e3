"""The password of a database changes, and the database keeps the old one.

What happens: a database takes its password from the environment only when its volume is empty. The
one that runs keeps the old password on its volume, and every client that starts with the new one is
refused.

Why: the Secret (or the variable) that holds the password changes, and the claim stays.

What to do instead: keep the password; to change it, change it in the database first (ALTER USER, or
what the database has for it), then in the Secret.
"""

import base64
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.databases import databases
from policylint.kubernetes.api.workloads import references, referred, workloads
from policylint.model import (
    Category,
    Confidence,
    FieldChange,
    Fix,
    Json,
    Kept,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.patterns import pattern

PASSWORD = pattern(r"(?i)/(?:data|stringData)/[^/]*passw(?:or)?d[^/]*$")

GENERATED = pattern(r"(?=.*[a-z])(?=.*[A-Z])[a-zA-Z0-9]{8,}")
"""What randAlphaNum writes: letters of both cases and digits."""


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A password in a Secret that a database with a claim reads, kept on both sides."""
    changed = {
        change.id: path
        for change in upgrade.of("Secret")
        if isinstance(change, Kept) and (path := _password(change))
    }
    told: set[ResourceId] = set()
    for workload in workloads(upgrade.after) if changed else ():
        if workload.id not in upgrade.before.resources:
            continue
        for secret in sorted(_read(workload) & changed.keys() - told):
            told.add(secret)
            yield _locked_out(workload, secret, changed[secret])


def _password(change: Kept) -> str:
    """The pointer of a password that changes; "" where none does, or one only comes in or goes."""
    fields = (field for field in change.fields if field.op == "replace")
    return next((field.path for field in fields if _is_set_anew(field)), "")


def _is_set_anew(field: FieldChange) -> bool:
    """Whether a password changes that was given: a template that generates one writes another at
    each render, and a lookup of the live Secret keeps it."""
    if not PASSWORD.search(field.path):
        return False
    old, new = _text(field, field.before), _text(field, field.after)
    return len(old) != len(new) or not (GENERATED.fullmatch(old) and GENERATED.fullmatch(new))


def _text(field: FieldChange, value: Json) -> str:
    """What a Secret holds at a key, decoded where it stands in `data`."""
    text = str(value)
    if not field.path.startswith("/data/"):
        return text
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def _read(workload: Resource) -> set[ResourceId]:
    """The Secrets that a database with a claim reads."""
    if not any(database.engine.password_on_volume for database in databases(workload)):
        return set()
    return {referred(workload, reference) for reference in references(workload)}


def _locked_out(workload: Resource, secret: ResourceId, path: str) -> Violation:
    engine = next(
        database.engine for database in databases(workload) if database.engine.password_on_volume
    )
    return Violation(
        message=f"{workload.id} keeps its old password on its volume: "
        f"clients with the new one of {secret} are refused",
        because=f"{engine.name} takes the password from the environment only when its volume is "
        "empty",
        path=path,
        resource=secret,
        fixes=(
            Fix("keep the password as it is"),
            Fix("change it in the database first, then in the Secret"),
        ),
    )

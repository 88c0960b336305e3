"""The password of a database changes, and the database keeps the old one.

What happens: a database takes its password from the environment only when its volume is empty. The
one that runs keeps the old password on its volume, and every client that starts with the new one is
refused.

Why: the Secret (or the variable) that holds the password changes, and the claim stays.

What to do instead: keep the password; to change it, change it in the database first (ALTER USER, or
what the database has for it), then in the Secret.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.databases import databases
from policylint.kubernetes.api.generated import decoded, is_generated, secret_text
from policylint.kubernetes.api.reading import at, part, parts
from policylint.kubernetes.api.workloads import references, referred, workloads
from policylint.model import (
    Category,
    Confidence,
    FieldChange,
    Fix,
    Kept,
    Manifest,
    Object,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.patterns import pattern
from policylint.runtime.pointers import numbered

PASSWORD = pattern(r"(?i)/(?:data|stringData)/[^/]*passw(?:or)?d[^/]*$")

VARIABLE = pattern(r"(?i)passw(?:or)?d$")


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A password in a Secret that a database with a claim reads, kept on both sides; or a variable
    of the database that gives another one."""
    changed = {
        change.id: path
        for change in upgrade.of("Secret")
        if isinstance(change, Kept) and (path := _password(change))
    }
    told: set[ResourceId] = set()
    for workload in workloads(upgrade.after):
        old = upgrade.before.resources.get(workload.id)
        if old is None or not _keeps_password(workload):
            continue
        secrets = sorted(_read(workload) & changed.keys() - told)
        told.update(secrets)
        for secret in secrets:
            yield _locked_out(workload, secret, changed[secret])
        if not secrets:
            yield from _variables(upgrade, old, workload)


def _variables(upgrade: Upgrade, old: Resource, new: Resource) -> Iterator[Violation]:
    """The first variable of a database that gives another password than before."""
    before = _passwords(old, upgrade.before)
    for name, (text, path) in _passwords(new, upgrade.after).items():
        if name in before and _is_another(before[name][0], text):
            yield _locked_out(new, new.id, path)
            return


def _passwords(workload: Resource, side: Manifest) -> dict[str, tuple[str, str]]:
    """(password, pointer) by variable, of a database's containers; a reference to a Secret that is
    not the release's own counts by its name and key."""
    variables = {}
    for database in databases(workload):
        base = database.path.removesuffix("/image")
        for index, variable in enumerate(parts(workload.body, *numbered(base), "env")):
            name = str(variable.get("name"))
            text = _resolved(variable, workload, side)
            if VARIABLE.search(name) and text:
                variables[name] = (text, f"{base}/env/{index}")
    return variables


def _resolved(variable: Object, workload: Resource, side: Manifest) -> str:
    if isinstance(variable.get("value"), str):
        return str(variable["value"])
    reference = part(variable, "valueFrom", "secretKeyRef")
    name, key = str(reference.get("name")), str(reference.get("key"))
    secret = side.resources.get(ResourceId("", "Secret", workload.id.namespace, name))
    if secret is None:
        if reference:
            return f"{name}/{key}"
        return ""
    plain, encoded = at(secret.body, "stringData", key), at(secret.body, "data", key)
    if plain is None and encoded is not None:
        return decoded(str(encoded))
    return str(plain)


def _password(change: Kept) -> str:
    """The pointer of a password that changes; "" where none does, or one only comes in or goes."""
    fields = (field for field in change.fields if field.op == "replace")
    return next((field.path for field in fields if _is_set_anew(field)), "")


def _is_set_anew(field: FieldChange) -> bool:
    """Whether a password changes that was given: a template that generates one writes another at
    each render, and a lookup of the live Secret keeps it."""
    if not PASSWORD.search(field.path):
        return False
    return _is_another(secret_text(field, field.before), secret_text(field, field.after))


def _is_another(old: str, new: str) -> bool:
    """Whether two passwords differ that are not both generated."""
    return old != new and not is_generated(old, new)


def _keeps_password(workload: Resource) -> bool:
    return any(database.engine.password_on_volume for database in databases(workload))


def _read(workload: Resource) -> set[ResourceId]:
    return {referred(workload, reference) for reference in references(workload)}


def _locked_out(workload: Resource, where: ResourceId, path: str) -> Violation:
    engine = next(
        database.engine for database in databases(workload) if database.engine.password_on_volume
    )
    holder = f" of {where}" if where != workload.id else ""
    return Violation(
        message=f"{workload.id} keeps its old password on its volume: "
        f"clients with the new one{holder} are refused",
        because=f"{engine.name} takes the password from the environment only when its volume is "
        "empty",
        path=path,
        resource=where,
        fixes=(
            Fix("keep the password as it is"),
            Fix("change it in the database first, then here"),
        ),
    )

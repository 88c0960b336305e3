"""A setting of a program changes whose effect is known.

What happens: what the setting is documented to do: data is kept no longer, or looked for in another
place, a login is asked for no more, calls go to another host, a part of the program is off.

Why: the upgrade changes an argument, a variable, or a setting in the text of a ConfigMap or Secret,
and the words of its name say what it is for (`policylint/data/settings.yaml`).

What to do instead: keep the setting as it is, unless the effect is what the upgrade is for; copy
what lies in the old place first.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.generated import are_generated, is_generated
from policylint.kubernetes.api.keys import WHOLE, keys_read
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.api.workloads import workloads
from policylint.kubernetes.settings.effects import (
    SettingEffect,
    effect_of,
    gained,
    has_entries,
    lost,
)
from policylint.kubernetes.settings.model import SettingChange
from policylint.kubernetes.settings.objects import Holder, holders, texts_of
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Kept,
    Manifest,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.redaction.vocabulary import secret_key
from policylint.runtime.patterns import pattern
from policylint.runtime.sentences import first_of

REFERENCE = pattern(r"(Secret|ConfigMap)/(.+)\[(.+)\]")
"""A value that comes from a key of an object."""
LONGEST = 80
"""Characters of a value that is shown."""


class Told(Struct, frozen=True):
    """A setting that differs, where it is, and the row that says what that does."""

    row: SettingEffect
    setting: SettingChange
    holder: Holder
    resource: ResourceId


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """Every setting of kept objects that a row of the table speaks of; one violation for a setting
    that changes alike in several places, and for those of one holder that one row speaks of."""
    alike: dict[tuple[object, ...], list[Told]] = {}
    for told in _told(upgrade):
        setting = told.setting
        change = (told.row.says, setting.name, setting.before, setting.after)
        alike.setdefault(change, []).append(told)
    together: dict[tuple[str, ...], list[list[Told]]] = {}
    for places in alike.values():
        holders_of = (places[0].row.says, *[told.holder.where for told in places])
        together.setdefault(holders_of, []).append(places)
    for settings in together.values():
        yield _violation(settings)


def _told(upgrade: Upgrade) -> Iterator[Told]:
    read = {key for workload in workloads(upgrade.after) for key in keys_read(workload)}
    for change in upgrade.changes:
        if not isinstance(change, Kept):
            continue
        for holder in _read(change, read):
            for setting in holder.changes:
                row = effect_of(setting, holder, change.id.namespace)
                if row and not _is_accounted_for(setting, change, upgrade):
                    yield Told(row, setting, holder, change.id)


def _read(change: Kept, read: set[tuple[ResourceId, str]]) -> Iterator[Holder]:
    """What holds settings that differ, without keys that no pod reads of an object of which pods of
    the release read others."""
    keys = {key for identity, key in read if identity == change.id}
    if not keys or WHOLE in keys:
        yield from holders(change)
        return
    for holder in holders(change):
        if holder.file in keys:
            yield holder
        elif not holder.file:
            settings = tuple(setting for setting in holder.changes if setting.name in keys)
            yield replace(holder, changes=settings)


def _is_accounted_for(setting: SettingChange, change: Kept, upgrade: Upgrade) -> bool:
    """Whether the setting says the same as before in another way, or goes along with something else
    that changes."""
    if _follows(setting, upgrade) or _is_generated(setting, change):
        return True
    if _is_reference(setting.before) is _is_reference(setting.after):
        return _is_reference(setting.after) and _referred(
            setting.before, upgrade.before, change
        ) == _referred(setting.after, upgrade.after, change)
    return setting.before is not None and setting.after is not None  # it came from elsewhere


def _is_reference(values: tuple[str, ...] | None) -> bool:
    return bool(values) and REFERENCE.fullmatch("".join(values or ())) is not None


def _referred(values: tuple[str, ...] | None, side: Manifest, change: Kept) -> str:
    """What a variable gets from a ConfigMap or Secret of the release; the reference itself where
    the release does not render that."""
    reference = "".join(values or ())
    named = REFERENCE.fullmatch(reference)
    if named is None:
        return reference
    source = side.resources.get(ResourceId("", named[1], change.id.namespace, named[2]))
    if source is None:
        return reference
    return texts_of(source.body).get(named[3], ("", reference))[1]


def _follows(setting: SettingChange, upgrade: Upgrade) -> bool:
    """Whether an address moves along with a Service of the release that has another name or
    another port now, or goes with one that is deleted."""
    before, after = _addresses(upgrade.before), _addresses(upgrade.after)
    if not _names(setting.before, before - after):
        return False
    return setting.after is None or _names(setting.after, after)


def _is_generated(setting: SettingChange, change: Kept) -> bool:
    """Whether a template makes the value anew at each render: secret-regenerated tells of those."""
    if change.id.kind != "Secret":
        return False
    fields = [field for field in change.fields if setting.path.startswith(field.path)]
    before, after = (_letters(values) for values in (setting.before, setting.after))
    return are_generated(fields) or is_generated(before, after) or _are_digests(before, after)


def _letters(values: tuple[str, ...] | None) -> str:
    """A value without what base64 has beside letters and digits."""
    return re.sub(r"[=+/_-]", "", "".join(values or ()))


def _are_digests(before: str, after: str) -> bool:
    return len(before) == len(after) and all(
        re.fullmatch(r"[0-9a-f]{32,}", value) for value in (before, after)
    )


def _addresses(side: Manifest) -> set[str]:
    """The names of the Services of a side, and each with its ports."""
    addresses = set()
    for service in side.resources.values():
        if service.id.kind == "Service" and not service.id.group:
            ports = parts(service.body, "spec", "ports")
            addresses |= {
                service.id.name,
                *(f"{service.id.name}:{port.get('port')}" for port in ports),
            }
    return addresses


def _names(values: tuple[str, ...] | None, addresses: set[str]) -> bool:
    """Whether one of the addresses stands in one of the values, as a whole."""
    return any(
        re.search(rf"(?<![\w.-]){re.escape(address)}(?![\w-])", value)
        for value in values or ()
        for address in addresses
    )


def _violation(settings: Sequence[Sequence[Told]]) -> Violation:
    """One for all settings that a row speaks of in the same holders."""
    places = settings[0]
    told = places[0]
    row, setting, holder = told.row, told.setting, told.holder
    more = [f"{names[0].setting.name}" for names in settings[1:]]
    also = f"; the same goes for {first_of(more)}" if more else ""
    where = first_of([place.holder.where for place in places], 3)
    severity = row.severity
    if setting.after is None and holder.image_changes:  # another version may not know it any more
        severity = Severity.NOTE
    keep = Fix(f"keep {_kept(setting, holder)} in {where}", cost="none: what runs stays as it is")
    return Violation(
        message=f"{row.says}: {_change(setting, holder)} in {where}{also}",
        because=f"as the name of the setting says ({row.source})",
        path=setting.path,
        severity=severity,
        confidence=row.confidence,
        category=row.category,
        resource=told.resource,
        fixes=(keep, *(Fix(fix.title, steps=fix.steps, cost=fix.cost) for fix in row.fixes)),
    )


def _change(setting: SettingChange, holder: Holder) -> str:
    """What changes, in words; the values of secrets are not shown."""
    name = setting.name
    if _is_secret(setting, holder):
        return f"{name} has another value"
    if setting.after is None:
        return f"{name} is gone ({_shown(setting.before)} until now)"
    if setting.before is None:
        return f"{name} is {_shown(setting.after)} now"
    gone, new = lost(setting), gained(setting)
    if has_entries(setting):
        words = [f"no longer has {first_of(gone)}"] if gone else []
        words += [f"has {first_of(new)} too"] if new else []
        return f"{name} {' and '.join(words) or 'has another order'}"
    return f"{name} is {_shown(setting.after)}, not {_shown(setting.before)},"


def _kept(setting: SettingChange, holder: Holder) -> str:
    if setting.before is None:
        return f"{setting.name} out, as before,"
    if _is_secret(setting, holder):
        return f"{setting.name} as it is"
    return f"{setting.name} {_shown(setting.before)}"


def _is_secret(setting: SettingChange, holder: Holder) -> bool:
    """Whether its values are not to be shown; where a variable gets its value from may be."""
    if setting.path.endswith("/valueFrom"):
        return False
    return holder.is_secret or secret_key(setting.name)


def _shown(values: tuple[str, ...] | None) -> str:
    text = ", ".join(values or ()) or '""'
    if len(text) > LONGEST:
        return f"{text[:LONGEST]}..."
    return text

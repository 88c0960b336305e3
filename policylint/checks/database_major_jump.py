"""A database goes to another major version on the volume it has.

What happens: the new server does not start on the old data directory (PostgreSQL, and wherever a
version is left out), or it converts the files, and the old version cannot read them any more: there
is no way back but a backup.

Why: the image of a container that keeps its files on a claim changes its major version, often
behind a bump of a subchart; or a custom resource
names another version to its operator.

What to do instead: stay at the old image in this upgrade, take a backup, and follow the database's
own way from the one version to the other.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.databases import Database, databases, series, skips
from policylint.model import Category, Confidence, Fix, Kept, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """The image of a database that keeps its claim names another major version; an error where the
    new server cannot read the files."""
    if not change.fields:
        return
    before = {database.container: database for database in databases(change.before)}
    for new in databases(change.after):
        old = before.get(new.container)
        if old is None:
            continue
        if old.engine is not new.engine:
            yield _exchanged(old, new)
        elif old.version and new.version and _jumps(old, new):
            yield _jump(old, new)


def _jumps(old: Database, new: Database) -> bool:
    """Whether the major version is another one whose files are others."""
    sides = {series(old.engine, old.version), series(new.engine, new.version)}
    return len(sides) == 2 and not sides <= set(new.engine.alike)


def _jump(old: Database, new: Database) -> Violation:
    engine, needs = new.engine, new.engine.needs
    was, becomes = series(engine, old.version), series(engine, new.version)
    message, severity, because = (
        f"{engine.name} goes from {_dotted(was)} to {_dotted(becomes)} on its volume: "
        "there is no way back without a backup",
        Severity.WARNING,
        "the new version converts the files" + (f"; it needs {needs}" if needs else ""),
    )
    if becomes < was:
        severity = Severity.ERROR
        message = f"{engine.name} goes back from {_dotted(was)} to {_dotted(becomes)} on its volume"
        because = "an older version does not read the files of a newer one"
    elif new.managed and not engine.in_place:
        because = "whether the operator takes its files over, and how, depends on its own version"
    elif not engine.in_place or skips(engine, was, becomes):
        severity = Severity.ERROR
        message = f"{engine.name} {_dotted(becomes)} does not start on the files of {_dotted(was)}"
        because = f"the way from {_dotted(was)} to {_dotted(becomes)} is {needs}"
    return Violation(
        message=message,
        because=f"{because} ({engine.source})",
        path=new.path,
        before=old.image,
        after=new.image,
        severity=severity,
        confidence=Confidence.LIKELY,
        fixes=(
            Fix(f"keep the image {old.image} in this upgrade"),
            Fix(
                "take a backup" + (f", then go the database's way: {needs}" if needs else ""),
                cost="the database is not written to meanwhile",
            ),
        ),
    )


def _exchanged(old: Database, new: Database) -> Violation:
    return Violation(
        message=f"{new.engine.name} starts on the volume of {old.engine.name}",
        because="one database does not read the files of another",
        path=new.path,
        before=old.image,
        after=new.image,
        severity=Severity.ERROR,
        confidence=Confidence.LIKELY,
        fixes=(
            Fix(f"keep the image {old.image} in this upgrade"),
            Fix(
                f"run {new.engine.name} beside it on a claim of its own, and move the data",
                cost="the database is not written to meanwhile",
            ),
        ),
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))

"""The chart changed, and its version did not.

What happens: two different charts go by one version: history, caches and pinned versions cannot
tell them apart, and a registry may refuse the second.

Why: templates differ between the two sides, and `version` in Chart.yaml is the same.

What to do instead: raise `version` with every change of the templates.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.subject import ValuesChange
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.runtime.sentences import first_of


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: ValuesChange, context: Context) -> Iterator[Violation]:
    """Both charts are of one name and version, and their own templates differ."""
    old, new = change.old, change.new
    if old is None or (old.name, old.version) != (new.name, new.version):
        return
    before = {file.name: file.data for file in old.templates}
    after = {file.name: file.data for file in new.templates}
    names = sorted(before.keys() | after.keys())
    differing = [name for name in names if before.get(name) != after.get(name)]
    if differing:
        yield Violation(
            f"{new.name} is {new.version} on both sides, although its templates differ",
            because=first_of(differing, 3),
            before=old.version,
            after=new.version,
            fixes=(Fix("raise version in Chart.yaml"),),
            locations=(Location("cause", f"{new.path}/Chart.yaml", key="version"),),
        )

"""The chart moves to another major version.

What happens: whatever its authors say breaks: renamed values, changed selectors, steps to take by
hand. What a pair of renders shows is judged by the other rules; what their notes say is not.

Why: the major number of `version` in Chart.yaml is another one.

What to do instead: read the chart's upgrade notes for every major version passed, and go through
them one by one.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.semver import parse_version
from policylint.helm.values.subject import ValuesChange
from policylint.model import Category, Fix, Location, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: ValuesChange, context: Context) -> Iterator[Violation]:
    """The same chart, another major version; two or more of them passed at once make a warning."""
    old, new = change.old, change.new
    if old is None or old.name != new.name:
        return
    was, now = parse_version(old.version), parse_version(new.version)
    if was is None or now is None or was.major == now.major:
        return
    passed = now.major - was.major
    if abs(passed) == 1:
        over = "one major version"
    else:
        over = f"{abs(passed)} major versions"
    yield Violation(
        f"{new.name} goes from {old.version} to {new.version}, over {over}",
        because="a new major number says that something breaks for those who upgrade",
        before=old.version,
        after=new.version,
        severity=Severity.WARNING if passed > 1 else Severity.NOTE,
        fixes=(
            Fix("read the chart's upgrade notes, and go through the major versions one by one"),
        ),
        locations=(Location("cause", f"{new.path}/Chart.yaml", key="version"),),
    )

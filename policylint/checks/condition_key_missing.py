"""A dependency's condition names a value that nothing sets.

What happens: the dependency is always installed; its condition cannot switch it off until somebody
finds the key.

Why: Helm takes a dependency whose condition path has no value for enabled. A misspelt path looks
like a switch.

What to do instead: give the path a default in values.yaml, or correct the condition in Chart.yaml.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.upkeep import lost_conditions
from policylint.model import Category, Fix, Location, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: ValuesChange, _: Context) -> Iterator[Violation]:
    """Report conditions of the new chart that neither its defaults nor the user's values answer."""
    for wish, path in lost_conditions(change.new, change.effective.user_values):
        yield Violation(
            f"dependency {wish.key} cannot be switched off: nothing sets {path}",
            because=f"its condition is {wish.condition!r}, and Helm enables a dependency whose "
            "condition has no value",
            fixes=(Fix(f"add {path} to values.yaml, or correct the condition in Chart.yaml"),),
            locations=(
                Location(
                    "cause",
                    f"{change.new.path}/Chart.yaml",
                    key=f"dependencies.{wish.key}.condition",
                ),
            ),
        )

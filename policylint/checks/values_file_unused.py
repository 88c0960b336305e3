"""A values file lies beside the others, and no release names it.

What happens: whoever edits it changes nothing, and believes to have.

Why: an environment was renamed or removed, or its release was never added to the configuration.

What to do instead: delete the file, or name it in the release that it is meant for.
"""

from collections.abc import Iterator
from pathlib import Path

from policylint.engine.rule import Context, rule
from policylint.helm.values.unused import ValuesFiles
from policylint.model import Category, Confidence, Fix, Location, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.LIKELY)
def check(files: ValuesFiles, _: Context) -> Iterator[Violation]:
    """Report the files that no release of the configuration names."""
    for path in files.unnamed:
        yield Violation(
            f"no release uses {Path(path).name}",
            because=f"{len(files.named)} values files in the same folders are named by releases",
            fixes=(Fix("delete it, or name it in the release it is meant for"),),
            locations=(Location("cause", path),),
        )

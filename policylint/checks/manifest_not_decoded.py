"""Helm cannot decode the metadata of this object.

What happens: the upgrade stops with 'unable to decode "": json: cannot unmarshal number into Go
struct field ObjectMeta.metadata.labels of type string'. Nothing of the release is sent.

Why: labels and annotations, names and namespaces are texts, and YAML reads 1, true, 1.5 or n as
numbers and truth values. Helm reads the metadata of every object before it sends the first one.

What to do instead: quote the value. In a template, pipe it through quote: {{ .Values.version |
quote }}.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "manifest-not-decoded", context)

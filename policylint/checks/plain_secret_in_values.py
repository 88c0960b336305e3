"""A secret stands in plain text in the values.

What happens: whoever reads the values file, the git history, the CI log or the release record reads
the secret; `helm get values` prints it.

Why: values are stored as they are in the release's record, and values files usually lie in git.

What to do instead: refer to a Secret that exists (most charts have an existingSecret value), or
keep the file encrypted (sops, helm-secrets) and decrypt it on the way.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.errors import ReadError
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import Table, dotted, leaves
from policylint.kyaml.lines import Path, line_of
from policylint.kyaml.load import load
from policylint.model import Category, Confidence, Fix, Location, Severity, Violation
from policylint.redaction.vocabulary import secret_key
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation

_NAMES_ONLY = pattern(
    r"(?i)existing|(?:name|ref|file|path|enabled|policy|type|length|url|mount|class|keys?|field)$"
)
_OBJECT_NAME = pattern(r"[a-z]([-a-z0-9.]{0,61}[a-z0-9])?")
_KEYS = pattern(r"(?i)(?:api|private|access|auth|encryption)[-_]?keys?$")
_NO_LOGIN = pattern(r"(?i)[a-z][a-z0-9+.-]*://[^/@\s]*(?:/[^@\s]*)?$")
"""An address with no user and password in it."""
_ELSEWHERE = pattern(r"\s*(?:ref\+|ENC\[|vault:|\$\{|\{\{|<path:|\$\(|AQI|secretref:|!vault)")


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(subject: ValuesChange | Invocation, _: Context) -> Iterator[Violation]:
    """Report text under secret-looking keys of this upgrade's values, or of those that a
    declaration holds itself; references, names and encrypted text are none."""
    if isinstance(subject, Invocation):
        for place in _declared(subject):
            yield _violation(place)
    elif "sops" not in subject.new_user:
        for path in _secrets(subject.new_user):
            yield _violation(subject.place(path))


def _violation(place: Location) -> Violation:
    return Violation(
        f"{place.key} holds a secret in plain text",
        because="it is stored in the values and in the release's record as it stands",
        fixes=(Fix("refer to an existing Secret, or encrypt the values file"),),
        locations=(place,),
    )


def _declared(invocation: Invocation) -> Iterator[Location]:
    """Where a declaration's own values hold secrets."""
    for written in invocation.inline:
        try:
            values = load(written.text, written.file)
        except ReadError:
            continue  # what reads the declaration says so
        for path in _secrets(values) if isinstance(values, dict) else ():
            yield Location("cause", written.file, line_of(written.text, path), key=dotted(path))


def _secrets(values: Table) -> Iterator[Path]:
    """The key paths of secrets in plain text."""
    for path, value in leaves(values):
        is_text = isinstance(value, str) and value and not _ELSEWHERE.match(value)
        if is_text and _is_secret(path[-1], value):
            yield path


def _is_secret(key: str, value: str) -> bool:
    key = key.rpartition("/")[2]  # of an annotation the domain says nothing
    if _NO_LOGIN.match(value):
        return False
    if not secret_key(key) or (_NAMES_ONLY.search(key) and not _KEYS.search(key)):
        return False
    # `tlsSecret: web-tls` names a Secret, `clientSecret: ...` is one
    names = key.lower().endswith("secret") and not key.lower().startswith(
        ("client", "shared", "app")
    )
    return not (names and _OBJECT_NAME.fullmatch(value))

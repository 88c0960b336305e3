"""A secret on the command line.

What happens: the value is in the shell history, in the process list and in the CI log, and in the
release record.

Why: a --set gives a literal value to a key that looks like a secret.

What to do instead: keep it in a Secret of its own (existingSecret), or in an encrypted values file;
from CI variables use --set-file with a file that is removed.
"""

import re
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.advice import changes_release
from policylint.scan.invocations.model import Invocation

SECRET = pattern(
    r"(?:passw(?:or)?d|passphrase|pwd|token|(?:api|private|access|secret|auth|encryption|signing)[-_]?key|credentials?"
    r"|connection[-_]?string|(?:client|cookie|jwt|webhook|app|session|shared|hmac|oauth)[-_]?secret)$",
    re.IGNORECASE,
)
"""What the last part of a key ends in; existingSecret, tokenName or imagePullSecrets name a secret
and are none."""


FLAGS = ("password", "kube-token")


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A literal for a key whose name says secret, or for --password; variables and names of Secrets
    are fine."""
    if changes_release(invocation):
        for key in _secret_keys(invocation):
            yield Violation(
                message=f"the value of {key} is a secret that everybody can read here",
                fixes=(Fix("put it into a Secret and name it in the values (existingSecret)"),),
            )
    if invocation.tool != "helm":
        return
    title = "give it by a variable of the CI, or --password-stdin to helm registry login"
    for name in FLAGS:
        flag = invocation.flag(name)
        if isinstance(flag.value, str) and not _harmless(flag.value):
            yield Violation(
                message=f"{flag.written} is a secret that everybody can read here",
                fixes=(Fix(title),),
            )


def _secret_keys(invocation: Invocation) -> Iterator[str]:
    """The keys of --set that name a secret and are given a literal."""
    for assignments in invocation.sets:
        for part in assignments.split(","):
            key, _, value = part.strip("\"'").partition("=")
            if value and SECRET.search(key) and not _harmless(value):
                yield key


def _harmless(value: str) -> bool:
    word = value.lower() in ("true", "false", "null", "none") or value.isdigit()
    return word or any(mark in value for mark in ("$", "{{", "<", "`", "…"))

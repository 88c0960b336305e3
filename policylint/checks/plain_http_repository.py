"""A chart repository without encryption.

What happens: anybody on the way can put another chart in its place.

Why: the address begins with http://.

What to do instead: use https:// or oci://.
"""

import re
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
from policylint.redaction.logins import without_logins
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.advice import declared_text
from policylint.scan.invocations.model import Invocation

ADDRESS = r"http://(?:[^\s/@\"']+@)?(?P<host>\[[^]\s]*\]|[\w.-]+)[^\s\"',{}]*"
SETTING = pattern(
    rf"\b(?:repository|repo|repoURL|chart_repo_url)[\"']?\s*[:=]\s*[\"']?(?P<address>{ADDRESS})"
)
OF_FLUX = pattern(
    rf"^kind: HelmRepository\n(?:(?!---|kind:)[^\n]*\n)*?[ \t]+url:[ \t]*[\"']?(?P<url>{ADDRESS})",
    re.MULTILINE,
)
NEAR = pattern(r"localhost$|127\.|\[::1\]|[^.]+$|.*\.svc(?:\.cluster\.local)?$")
"""This machine, a name without a domain, a Service of the same cluster."""


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """repo add, --repo, a chart address or a declared repository with http://, what is near
    apart."""
    for word in _addresses(invocation):
        address = re.match(ADDRESS, word)
        if address and not NEAR.match(address["host"]):
            shown = without_logins(word)
            yield Violation(
                message=f"{shown} is not encrypted: charts can be replaced on the way",
                before=shown,
                fixes=(Fix("use https:// or oci://"),),
            )
            return


def _addresses(invocation: Invocation) -> Iterator[str]:
    words = (*invocation.positionals, invocation.flag("repo").value, invocation.chart)
    yield from (word for word in words if isinstance(word, str))
    if invocation.tool == "helmfile":
        yield from _of_helmfile(invocation)
    elif invocation.tool == "flux":
        yield from (
            match["url"]
            for match in OF_FLUX.finditer(invocation.source.text if invocation.source else "")
        )
    elif invocation.tool != "helm":
        yield from (match["address"] for match in SETTING.finditer(declared_text(invocation)))


def _of_helmfile(invocation: Invocation) -> Iterator[str]:
    """The address that the same file gives for the repository before the slash of the chart."""
    name = (invocation.chart or "").partition("/")[0]
    item = re.compile(
        rf"name:[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*\n\s+url:[ \t]*[\"']?(?P<url>{ADDRESS})"
    )
    source = invocation.source
    yield from (match["url"] for match in item.finditer(source.text)) if name and source else ()

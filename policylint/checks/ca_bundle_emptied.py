"""A webhook forgets, or exchanges, the CA that signs its backend.

What happens: the API server does not trust the webhook's certificate any more and, with
failurePolicy Fail, refuses every request that it covers, until something fills the bundle in again.

Why: the chart rendered clientConfig.caBundle and now leaves it out or empty, so the upgrade removes
it; or it renders another one, and the backend goes on with the certificate that the old one signed.

What to do instead: keep the bundle in the render, or let the upgrade bring in what fills it (the
annotation cert-manager.io/inject-ca-from) in an upgrade before.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, parts, text
from policylint.model import Category, Confidence, Fix, Kept, Object, Severity, Violation
from policylint.runtime.sentences import first_of

KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """Webhooks of the same name had a bundle and have none, or another one; one violation for each
    configuration."""
    if change.id.kind not in KINDS or not change.fields:
        return
    old = {text(hook, "name"): _bundle(hook) for hook in parts(change.before.body, "webhooks")}
    emptied: list[tuple[int, Object]] = []
    another: list[tuple[int, Object]] = []
    for index, hook in enumerate(parts(change.after.body, "webhooks")):
        was, becomes = old.get(text(hook, "name")), _bundle(hook)
        if was and was != becomes:
            (another if becomes else emptied).append((index, hook))
    if emptied:
        yield _emptied(emptied)
    if another:
        yield _exchanged(another)


def _emptied(hooks: list[tuple[int, Object]]) -> Violation:
    fails = _fails(hooks)
    return Violation(
        message=f"the API server no longer trusts {_named(hooks)}"
        + (", and refuses what it covers" if fails else ""),
        because="its caBundle goes in this upgrade",
        path=_path(hooks),
        severity=Severity.WARNING if fails else Severity.NOTE,
        fixes=(Fix("keep clientConfig.caBundle in the render"),),
    )


def _exchanged(hooks: list[tuple[int, Object]]) -> Violation:
    fails = _fails(hooks)
    refused = "until the backend serves one, what it covers is refused"
    return Violation(
        message=f"the API server asks {_named(hooks)} for a certificate of another CA from now on"
        + (f": {refused}" if fails else ""),
        because="its caBundle is another one; pods serve the certificate that they started with",
        path=_path(hooks),
        severity=Severity.WARNING if fails else Severity.NOTE,
        confidence=Confidence.DEPENDS,
        fixes=(
            Fix("keep the caBundle as it is"),
            Fix("render the old and the new one in one bundle until the backend has restarted"),
        ),
    )


def _named(hooks: list[tuple[int, Object]]) -> str:
    names = [str(hook.get("name")) for _, hook in hooks]
    return f"the webhook {first_of(names, 1)}"


def _path(hooks: list[tuple[int, Object]]) -> str:
    return f"/webhooks/{hooks[0][0]}/clientConfig/caBundle"


def _fails(hooks: list[tuple[int, Object]]) -> bool:
    """Whether one of them refuses what it cannot ask."""
    return any(hook.get("failurePolicy", "Fail") == "Fail" for _, hook in hooks)


def _bundle(hook: Object) -> object:
    return at(hook, "clientConfig", "caBundle")

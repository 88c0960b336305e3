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
from policylint.kubernetes.api.workloads import at, items
from policylint.model import Category, Confidence, Fix, Kept, Object, Severity, Violation

KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A webhook of the same name had a bundle and has none."""
    if change.id.kind not in KINDS or not change.fields:
        return
    before = {hook.get("name"): hook for hook in items(change.before.body, "webhooks")}
    for index, hook in enumerate(items(change.after.body, "webhooks")):
        old, new = _bundle(before.get(hook.get("name"), {})), _bundle(hook)
        path = f"/webhooks/{index}/clientConfig/caBundle"
        fails = hook.get("failurePolicy", "Fail") == "Fail"
        if old and not new:
            yield _emptied(hook, path, fails=fails)
        elif old and new != old:
            yield _exchanged(hook, path, fails=fails)


def _emptied(hook: Object, path: str, *, fails: bool) -> Violation:
    return Violation(
        message=f"the API server no longer trusts the webhook {hook.get('name')}"
        + (", and refuses what it covers" if fails else ""),
        because="its caBundle goes in this upgrade",
        path=path,
        severity=Severity.WARNING if fails else Severity.NOTE,
        fixes=(Fix("keep clientConfig.caBundle in the render"),),
    )


def _exchanged(hook: Object, path: str, *, fails: bool) -> Violation:
    return Violation(
        message=f"the webhook {hook.get('name')} trusts another CA from this upgrade on"
        + (", and what it covers is refused until its backend serves a certificate of it" * fails),
        because="its caBundle is another one; pods serve the certificate that they started with",
        path=path,
        severity=Severity.WARNING if fails else Severity.NOTE,
        confidence=Confidence.DEPENDS,
        fixes=(
            Fix("keep the caBundle as it is"),
            Fix(
                "render both, one after the other in one bundle, until the backend has restarted",
                cost="none",
            ),
        ),
    )


def _bundle(hook: Object) -> object:
    return at(hook, "clientConfig", "caBundle")

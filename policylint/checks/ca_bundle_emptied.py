"""A webhook forgets the CA that signs its backend.

What happens: the API server does not trust the webhook's certificate any more and, with
failurePolicy Fail, refuses every request that it covers, until something fills the bundle in again.

Why: the chart rendered clientConfig.caBundle and now leaves it out or empty, so the upgrade removes
it.

What to do instead: keep the bundle in the render, or let the upgrade bring in what fills it (the
annotation cert-manager.io/inject-ca-from) in an upgrade before.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import at, items
from policylint.model import Category, Fix, Kept, Object, Severity, Violation

KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A webhook of the same name had a bundle and has none."""
    if change.id.kind not in KINDS or not change.fields:
        return
    before = {hook.get("name"): hook for hook in items(change.before.body, "webhooks")}
    for index, hook in enumerate(items(change.after.body, "webhooks")):
        if _bundle(before.get(hook.get("name"), {})) and not _bundle(hook):
            fails = hook.get("failurePolicy", "Fail") == "Fail"
            yield Violation(
                message=f"the API server no longer trusts the webhook {hook.get('name')}"
                + (", and refuses what it covers" if fails else ""),
                because="its caBundle goes in this upgrade",
                path=f"/webhooks/{index}/clientConfig/caBundle",
                severity=Severity.WARNING if fails else Severity.NOTE,
                fixes=(Fix("keep clientConfig.caBundle in the render"),),
            )


def _bundle(hook: Object) -> object:
    return at(hook, "clientConfig", "caBundle")

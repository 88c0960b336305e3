"""A sync option that Argo CD does not know.

What happens: nothing: Argo CD compares options as texts, letter by letter, and ignores what it does
not know.

Why: the option is misspelt, has another value, or works as an annotation of single objects only
(Force=true).

What to do instead: write it as the page on sync options does, or put Force=true on the object that
needs it.

Source: docs/user-guide/sync-options.md and controller/sync.go of argoproj/argo-cd, 2026-08.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.errors import closest
from policylint.model import Category, Confidence, Fix, Location, Severity, Violation
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.declaredfields import declared
from policylint.scan.texts.yaml import Tree

SWITCH = ("true", "false")
OPTIONS = {
    "ApplyOutOfSyncOnly": SWITCH,
    "ClientSideApplyMigration": SWITCH,
    "CreateNamespace": SWITCH,
    "Delete": (*SWITCH, "confirm"),
    "FailOnSharedResource": SWITCH,
    "Prune": (*SWITCH, "confirm"),
    "PruneLast": SWITCH,
    "PrunePropagationPolicy": ("background", "foreground", "orphan"),
    "Replace": SWITCH,
    "RespectIgnoreDifferences": SWITCH,
    "ServerSideApply": SWITCH,
    "SkipDryRunOnMissingResource": SWITCH,
    "Validate": SWITCH,
}


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """Each option of an Application's syncPolicy without an effect, templates apart."""
    if invocation.tool == "argocd":
        root = declared(invocation)
    else:
        root = None
    if root is None:
        return
    spec = root.get("spec", "template", "spec") or root.get("spec")
    if spec:
        options = spec.get("syncPolicy", "syncOptions")
    else:
        options = None
    for item in options.items() if options else ():
        if not item.dynamic and not _known(item.text or ""):
            yield _without_effect(invocation, item)


def _known(option: str) -> bool:
    name, equals, value = option.partition("=")
    return bool(equals) and value in OPTIONS.get(name, ())


def _without_effect(invocation: Invocation, item: Tree) -> Violation:
    name, _, value = (item.text or "").partition("=")
    because = "an option is one text: Name=value"
    text = item.text or ", ".join(f"{key}: {setting.text}" for key, setting in item.pairs())
    release = invocation.release or ""
    return Violation(
        message=f"the sync option {text} has no effect",
        because=_because(name, value) if item.text else because,
        before=text,
        locations=(Location("command", invocation.file, item.line, item.column, release),),
        fixes=(Fix("remove it, or write what is meant"),),
    )


def _because(name: str, value: str) -> str:
    if name == "Force":
        return "Argo CD reads Force=true on single objects only, as an annotation"
    if name in OPTIONS:
        return f"{name} takes {' or '.join(OPTIONS[name])}, not {value or 'nothing'}"
    close = closest(name, OPTIONS)
    if close:
        return f"did you mean {close}?"
    return f"Argo CD has no option {name}"

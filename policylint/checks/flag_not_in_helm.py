"""A flag that this Helm does not know.

What happens: helm stops with "unknown flag" before it does anything, or, for an old spelling that
still works, prints a warning until the version that drops it.

Why: the flag, or the value of --wait, --dry-run or --post-renderer, belongs to another Helm line or
a newer version than the one that the file installs, or it is misspelled.

What to do instead: write the flag as the Helm of the pipeline calls it, or move the pipeline to the
Helm that has it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.errors import nearest
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Flag, Invocation
from policylint.scan.invocations.versions import (
    absent,
    is_helm2,
    known_verb,
    refuses,
    through_plugin,
)
from policylint.scan.shells.flags import LINES, canonical, options


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """Flags and values that the Helm line and version do not have; without a known line, those that
    no line has."""
    verb = invocation.action
    if invocation.tool != "helm" or not known_verb(verb) or through_plugin(invocation):
        return
    version = invocation.helm_version or context.target.helm
    lines = (version[:1],) if version[:1] in LINES else LINES
    for name, flag in invocation.flags.items():
        if flag.written.startswith("--") and not is_helm2(verb, _spelled(flag)):
            yield from _judged(invocation, name, flag, version, lines)


def _spelled(flag: Flag) -> str:
    return flag.written.removeprefix("--").partition("=")[0]


def _judged(
    invocation: Invocation, name: str, flag: Flag, version: str, lines: tuple[str, ...]
) -> Iterator[Violation]:
    """What these lines of Helm say of one flag."""
    verb, spelled = invocation.action, _spelled(flag)
    known = [options(line, verb)[spelled] for line in lines if spelled in options(line, verb)]
    if not known:
        missing = ""
    else:
        missing = absent(version, verb, spelled)
    if not known or missing:
        yield _unknown(invocation, flag, version, missing, lines)
    elif isinstance(flag.value, str) and refuses(version, verb, name, flag.value):
        yield _refused(verb, version, flag)
    elif len(lines) == 1 and known[0].deprecated not in ("", "-"):
        yield _renamed(invocation, name, flag, known[0].deprecated, version)


def _unknown(
    invocation: Invocation, flag: Flag, version: str, missing: str, lines: tuple[str, ...]
) -> Violation:
    verb, spelled = invocation.action, _spelled(flag)
    if len(lines) == 1 and version:
        helm = f"helm {version}"
    else:
        helm = "helm"
    better = _spelled_now(version, verb, spelled, lines[0])
    if better:
        fix = replace_flag(invocation, canonical(spelled), better, f"write {better}")
    elif missing:
        fix = Fix("install a Helm that has it, or leave it out")
    else:
        known = [f"--{name}" for line in lines for name in options(line, verb)]
        fix = Fix(nearest(f"--{spelled}", known))
    return Violation(
        message=f"{helm} {verb} does not know --{spelled}",
        because=missing or "unknown flag: helm stops before it does anything",
        fixes=(fix,),
    )


def _spelled_now(version: str, verb: str, spelled: str, line: str) -> str:
    """How this line of Helm spells the flag; "" where it has no other spelling."""
    for name in options(line, verb):
        alike = canonical(name) == canonical(spelled) and name != spelled
        if alike and not absent(version, verb, name):
            return f"--{name}"
    return ""


def _refused(verb: str, version: str, flag: Flag) -> Violation:
    return Violation(
        message=f"helm {version} {verb} does not take {flag.written}={flag.value}",
        because="a plugin's name is wanted, no path"
        if flag.written == "--post-renderer"
        else "the flag is a plain switch in this version",
        fixes=(Fix("write what this Helm takes, or install one that takes it"),),
    )


def _renamed(invocation: Invocation, name: str, flag: Flag, use: str, version: str) -> Violation:
    return Violation(
        message=f"{flag.written} is deprecated in Helm {version[:1]}: it is called --{use} now",
        severity=Severity.NOTE,
        fixes=(replace_flag(invocation, name, f"--{use}", f"write --{use}"),),
    )

"""Does a failing command stop what comes after it? A reading of the line it stands on, of the
lines around it and of the job or task that holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.jobs import CI, MAKE, Setting, parts_of
from policylint.scan.texts.source import Place, Source
from policylint.scan.texts.yaml import Tree, documents

_OR = pattern(r"\|\|\s*(?P<rest>[^\n]+)")
_STOPS = pattern(
    r"(?:^|[;{(&|\n]|\bthen\b|\belse\b)[^\S\n]*+(?:exit\s+[\"']?[1-9$]|return\s+[\"']?[1-9$]|exit\s*(?:[;}]|$)"
    r"|(?:false|die|fail|abort|kill)\b)",
    re.MULTILINE,
)
_DONE = pattern(r";\s*(?:true|:|exit\s+0)(?:\s|$|;|[\"'])")
_BACKGROUND = pattern(r"(?<![&>|\d])&\s*(?:#.*)?$")
_PIPE = pattern(r"(?<!\|)\|(?![|&])")
_PIPEFAIL = pattern(r"\bpipefail\b|^[ \t]*+-?[ \t]*+shell:\s*[\"']?bash[\"']?\s*$", re.MULTILINE)
_PIPES_FAIL = pattern(r"gitlab-ci|\.circleci/")
"""CI systems whose shells have pipefail by themselves."""
_SET = pattern(r"(?:^|[\s;&|\"'])set\s+(?P<sign>[-+])(?:[a-df-zA-Z]*e[a-zA-Z]*|o\s+errexit)\b")
_SHEBANG_E = pattern(r"\A#![^\n]*\s-\w*e")
_IF = pattern(r"(?:^|[\s;\"'])(?:if|elif|while|until)\s+(?P<not>!\s*)?[^\n;&|]*$")
_ELSE = pattern(r"^[ \t]*(?:else|elif|fi|done)\b")
_NEGATED = pattern(r"(?:\A|[;&|:-])\s*!\s[^;&|]*$")
_TESTED = pattern(r"(?P<test>(?:\btest\s|\[\s)[^;&|]*?)\s*&&\s*$")
_CONTINUED = "\\"
_HARMLESS = pattern(
    r"(?:\{|\()?\s*(?:true|:|echo|printf|sleep|exit\s+0|return\s+0|warn\w*|log\w*|helm|kubectl)\b"
    r"|(?:\{|\()?\s*:(?:\s|;|$)"
)
"""What may follow `||` and succeeds, or may: a function of the script may end it."""
_SET_ABOVE = "its answer is ignored: set +e stands above it"
_WAIT = pattern(r"^[ \t]*wait\b|;\s*wait\b", re.MULTILINE)
_PLAYBOOK = (("ignore_errors", True), ("failed_when", False))
"""Settings of a task or a block of Ansible, and the value by which a failure is passed over."""


def swallowed(invocation: Invocation) -> Setting | None:
    """Why the failure of a deploy ends nothing and nobody hears of it, with the line that says so;
    None where it does, or may."""
    source = invocation.source
    if source is None:
        return None
    setting = _tolerated(source, invocation.line)
    if setting:
        return setting
    why = _unheeded(source, invocation)
    if not why:
        return None
    if why == _SET_ABOVE:
        return Setting(why, _line_of_set(source, invocation.line))
    return Setting(why, invocation.line)


def _tolerated(source: Source, line: int) -> Setting | None:
    """The setting of the step, job, task or block around a line that lets it fail."""
    if not source.file.endswith((".yaml", ".yml")):
        return None
    if not CI.search(source.file):
        return next(_passed_over(source, line), None)
    part = parts_of(source).at(line)
    step = part.step(line) if part else None
    settings = [around.tolerated for around in (step, part) if around is not None]
    return next(filter(None, settings), None)


def _passed_over(source: Source, line: int) -> Iterator[Setting]:
    """What the tasks and blocks of a playbook around a line say of their failures."""
    if not any(name in source.text for name, _ in _PLAYBOOK):
        return
    roots = [root for root in documents(source.text, source.file) if isinstance(root, Tree)]
    for tree in _around(roots, line):
        for name, value in _PLAYBOOK:
            setting = tree.get(name)
            if setting is not None and setting.boolean is value:
                yield Setting(f"{name}: {setting.text}", setting.line)


def _around(trees: list[Tree], line: int) -> Iterator[Tree]:
    """The mappings and lists that hold a line, the outer ones first."""
    while trees:
        tree = trees.pop()
        if tree.place.line <= line <= tree.place.end_line:
            yield tree
            trees += tree.items()
            trees += dict(tree.pairs()).values()


def _unheeded(source: Source, command: Invocation) -> str:
    """What the shell around a command makes of its failure."""
    span = _written_at(command)
    if span is None:
        return ""
    data = source.text.encode()
    before = data[: span.start - source.offset].decode(errors="replace")
    after = data[span.end - source.offset :].decode(errors="replace")
    head = before.rpartition("\n")[2]
    if _IF.search(head) or _in_words(head):
        return ""
    if MAKE.search(source.file) and re.match(r"^\s+[@+]*-", head):
        return "make goes on when it fails: - before the command"
    lines = source.text.split("\n")
    number = before.count("\n") + 1
    if "Jenkinsfile" in source.file and _caught(before, lines[number - 1]):
        return "the pipeline catches its failure"
    return _lost(source, lines, number, _rest(after))


def _written_at(command: Invocation) -> Place | None:
    """Where the words of a command stand in its own file; None where they do not."""
    span = command.span
    if span is None or command.syntax != "shell":
        return None
    if span.file == command.file and span.start >= 0:
        return span
    return None


def _in_words(head: str) -> bool:
    """Whether a command stands in a text or a substitution of another one, whose end is not this
    one's."""
    return head.count('"') % 2 == 1 or head.count("$(") > head.count(")")


def _rest(after: str) -> str:
    """What follows a command up to the end of its line, with the lines that continue it."""
    rest, *lines = after.split("\n", 20)
    for line in lines:
        # a line that begins with an operator continues a folded text, whose lines are one
        if not rest.rstrip().endswith("\\") and not line.lstrip().startswith(("||", "| ")):
            break
        rest = f"{rest.rstrip().removesuffix(_CONTINUED)} {line.strip()}"
    return rest


def _lost(source: Source, lines: Sequence[str], number: int, after: str) -> str:
    otherwise = _OR.search(after)
    if otherwise:
        rest = otherwise["rest"].strip()
        is_lost = _HARMLESS.match(rest) and not _STOPS.search(rest)
        if is_lost:
            return f"its answer is thrown away: || {rest.partition(';')[0].strip()[:24]}"
        return ""
    if _BACKGROUND.search(after) and _WAIT.search(source.text):
        return ""
    return _thrown(source, lines, number, after)


def flaw(source: Source, number: int, start: int, end: int) -> tuple[str, int]:
    """Why a failure of the command at columns start..end of a line (1-based) stops nothing, ""
    where it does.

    The second is the last line that only runs when it succeeds, 0 where that is all that follows.
    """
    lines = source.text.split("\n")
    before, after = lines[number - 1][:start], _logical(lines, number - 1)[end:]
    condition = _IF.search(before)
    if condition:
        return _in_condition(lines, number, negative=condition["not"] is not None)
    if _NEGATED.search(before):
        return "its answer is turned around: !", 0
    if tested := _TESTED.search(before):
        return f"only if {tested['test']}", 0
    if "Jenkinsfile" in source.file and _caught(
        "\n".join(lines[: number - 1]) + f"\n{before}", lines[number - 1]
    ):
        return "the pipeline catches its failure", 0
    if MAKE.search(source.file) and re.match(r"^\s+[@+]*-", before):
        return "make goes on when it fails: - before the command", 0
    return _thrown(
        source, lines, number, after.split(" && ")[0] if " || " not in after else after
    ), 0


def _caught(above: str, line: str) -> bool:
    """Whether a Jenkinsfile goes on after a failure: the status is a value, or catchError is around
    it."""
    if re.search(r"returnStatus:\s*true", line):
        return True
    caught = [block.end() for block in re.finditer(r"\b(?:catchError|warnError)\b[^{]*\{", above)]
    return any(1 + above.count("{", at) > above.count("}", at) for at in caught)


def goes_on(source: Source) -> bool:
    """Whether a file is a script whose shell does not stop at a command that fails."""
    script = source.suffix in ("", ".sh", ".bash") and not MAKE.search(source.file)
    if not script or "Jenkinsfile" in source.file:
        return False
    return not _SHEBANG_E.match(source.text) and not any(
        option["sign"] == "-" for option in _SET.finditer(source.text)
    )


def _logical(lines: Sequence[str], index: int) -> str:
    """A line with those that continue it."""
    logical = lines[index]
    while logical.rstrip().endswith("\\") and index + 1 < len(lines):
        index += 1
        logical = f"{logical.rstrip()[:-1]} {lines[index].strip()}"
    return logical


def _thrown(source: Source, lines: Sequence[str], number: int, after: str) -> str:
    otherwise = _OR.search(after)
    if otherwise and not _STOPS.search(otherwise["rest"]):
        return f"its answer is thrown away: || {otherwise['rest'].strip()[:24]}"
    if _DONE.search(after):
        return "its answer is thrown away: another command ends the line"
    if _BACKGROUND.search(after):
        return "it runs in the background"
    piped = _PIPE.search(after.partition("||")[0])
    if piped and not _PIPES_FAIL.search(source.file) and not _PIPEFAIL.search(source.text):
        return "its answer is lost in the pipe: pipefail is not set"
    if _errors_ignored(lines, number) and "$?" not in "\n".join(lines[number - 1 : number + 4]):
        return _SET_ABOVE
    return ""


def _errors_ignored(lines: Sequence[str], number: int) -> bool:
    signs = [option["sign"] for line in lines[: number - 1] for option in _SET.finditer(line)]
    return bool(signs) and signs[-1] == "+"


def _line_of_set(source: Source, below: int) -> int:
    """The line of the last `set +e` above a line of the file."""
    lines = source.text.split("\n")[: below - 1]
    numbered = enumerate(lines, 1)
    return max((number for number, line in numbered if _SET.search(line)), default=below)


def _in_condition(lines: Sequence[str], number: int, *, negative: bool) -> tuple[str, int]:
    """`if policylint ...; then` guards its own branch, `if ! ...; then` what follows where the
    branch leaves."""
    if re.search(r"\bfi\b", lines[number - 1]):
        body, last = lines[number - 1].rpartition("then")[2], number
    else:
        last = next(
            (at for at in range(number + 1, len(lines) + 1) if _ELSE.match(lines[at - 1])),
            len(lines),
        )
        body = "\n".join(lines[number:last])
    if not negative:
        return "", last
    if _STOPS.search(body):
        return ("", 0)
    return ("the branch for its failure goes on", 0)

"""Finds the helm or helmfile word in a command's words: behind sudo, in a container, in a string
given to a shell."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.kyaml import tables
from policylint.runtime.patterns import pattern
from policylint.scan.shells.flags import notes, verbs
from policylint.scan.texts.text import HOLE, TAIL, Text, Word, joined

_HELM = pattern(r"^helm(?:[-_]?v?\d[\w.]*)?(?:\.exe)?$", re.IGNORECASE)
_HELMFILE = pattern(r"^helmfile(?:[-_]?v?\d[\w.]*)?(?:\.exe)?$", re.IGNORECASE)
_VERSIONED = pattern(rf"^helm(file)?(?:[-_]v?|[-_]?v)[\d.{HOLE}{TAIL}]+(?:\.exe)?$", re.IGNORECASE)
_PROGRAM = r"_?(?:bin|cmd|command|exe|executable|opts?|tool|path|cli|binary|client)"
_NAMED = pattern(rf"(?:^|_)helm(?:_?[234])?(?:{_PROGRAM})?$", re.IGNORECASE)
_NAMED_FILE = pattern(rf"(?:^|_)helmfile(?:{_PROGRAM})?$", re.IGNORECASE)
_IMAGE = pattern(r"^(?:[\w.:${}()-]+/)*[\w.-]*helm[\w.-]*(?::[^\s/]+)?(?:@sha256:\w+)?$")
_SUBSTITUTED = pattern(
    r"^\$\((?:shell )?\s*(?:which|command -v|type -p)\s[^)]*helm[^)]*\)$|^`which helm`$"
)
_WHOLE = pattern(r"\s*(?:sudo )?helm(?:file)? \S")
_MICROK8S = pattern(r"microk8s\.helm3?$")
_JUDGE = pattern(r"(?:^|/)policylint(?:[:@][\w.:-]+)?$")
_REPLACES = pattern(r"(?:-I|-i|--replace=?)(.*)")
_COMBINED = pattern(r"-[a-z]*c$")
_ASSIGN = pattern(r"^[A-Za-z_]\w*=")


class Call(Struct, frozen=True):
    """A helm or helmfile command: its own word, and the words behind it."""

    tool: str
    word: Word
    words: tuple[Word, ...]


class Script(Struct, frozen=True):
    """A text that a shell is given to run."""

    text: Text


@functools.cache
def table() -> Mapping[str, Any]:
    """data/wrappers.yaml."""
    rows: Mapping[str, Any] = tables.table("wrappers")
    return rows


def base(word: Word) -> str:
    """The program's name without its directory; "" where it cannot be told."""
    text = word.text.text
    if HOLE in text.rpartition("/")[2] or (word.known is None and "/" not in text):
        return ""
    return re.split(r"[/\\]", text)[-1]


def tool_of(word: Word, following: Word | None = None) -> str:
    """Which of helm and helmfile a command word is; "" for neither."""
    name = base(word)
    if _HELM.match(name) or _MICROK8S.match(name) or _SUBSTITUTED.match(word.raw.strip('"')):
        return "helm"
    if _HELMFILE.match(name):
        return "helmfile"
    if word.known is not None or following is None:
        return ""
    return _tool_in_variable(word, following)


def _tool_in_variable(word: Word, following: Word) -> str:
    """The tool that a word names in part (`helm-$VERSION`), or its variable's name (`$HELM`)."""
    versioned = _VERSIONED.match(re.split(r"[/\\]", word.text.text)[-1])
    if versioned and _behind(versioned[1], following):
        if versioned[1]:
            return "helmfile"
        return "helm"
    if any(map(_NAMED_FILE.search, word.names)):
        if _behind("file", following):
            return "helmfile"
        return ""
    if word.text.untold and any(map(_NAMED.search, word.names)):
        if _behind("", following):
            return "helm"
        return ""
    return ""


def _behind(file: str | None, following: Word) -> bool:
    """Whether what stands behind a word makes it helm (or helmfile): a verb or a flag."""
    return following.known in (notes()["helmfile"]["verbs"] if file else verbs()) or _flag(
        following
    )


def _flag(word: Word) -> bool:
    return word.text.text.startswith("-")


def _is_judged(words: Sequence[Word]) -> bool:
    """Whether policylint judges the command (`policylint check -- helm upgrade ...`) and runs
    none."""
    for at, word in enumerate(words):
        if _JUDGE.search(word.text.text):
            return any(following.text.text == "check" for following in words[at + 1 : at + 4])
    return False


def calls(words: Sequence[Word]) -> Iterator[Call | Script]:
    """The helm commands and the shell texts that running these words runs."""
    words = [] if _is_judged(words) else list(words)
    while words:
        tool = tool_of(words[0], words[1] if len(words) > 1 else None)
        if tool:
            yield Call(tool, words[0], tuple(words[1:]))
            return
        name = base(words[0])
        if words[0].quoted and _WHOLE.match(words[0].text.text):
            yield Script(
                words[0].text
            )  # a whole command in one word: meant as a command, though no shell finds it
            return
        rest = _behind_prefix(name, words)
        if rest is None:
            yield from _special(name, words)
            return
        words = rest


def _behind_prefix(name: str, words: list[Word]) -> list[Word] | None:
    """What stands behind a wrapper's own words; None for no wrapper of the table, empty for one
    that runs nothing."""
    row: Mapping[str, Any] | None = table()["prefixes"].get(name)
    if row is None:
        return None
    at = _own_words(row, words)
    if at >= len(words) or not row.get("adds"):
        return words[at:]
    placed = _placed(words[:at])
    if placed:
        return [_standing(word, placed) for word in words[at:]]
    return [*words[at:], _INPUT]


def _own_words(row: Mapping[str, Any], words: list[Word]) -> int:
    """How many words are the wrapper's own: its name, options, assignments and first arguments."""
    at, plain = 1, int(row.get("words", 0))
    while at < len(words):
        text = words[at].text.text
        if text in row.get("unless", ()):
            return len(words)
        if text == "--":
            return at + 1
        if text.startswith("-"):
            at += 2 if text in row.get("options", ()) else 1
        elif row.get("assigns") and _ASSIGN.match(text):
            at += 1
        elif plain:
            plain -= 1
            at += 1
        else:
            break
    return at


_INPUT = Word(Text(HOLE, (-1,), "."), quoted=True)
"""A line of its input, which xargs puts behind the words of a command."""


def _placed(words: list[Word]) -> str:
    """What stands in an xargs command for a line of its input; "" where that is put behind it."""
    for word, following in zip(words, [*words[1:], _INPUT], strict=True):
        option = _REPLACES.match(word.text.text)
        if option:
            separate = word.text.text == "-I"
            return (following.known or "" if separate else option[1]) or "{}"
    return ""


def _standing(word: Word, placeholder: str) -> Word:
    """The word with what will be put in for a placeholder as what cannot be told."""
    text = word.text
    for match in re.finditer(re.escape(placeholder), text.text):
        text = text.put(match.start(), match.end(), HOLE)
    return replace(word, text=text)


def _special(name: str, words: list[Word]) -> Iterator[Call | Script]:
    """What a program with a way of its own to run something runs."""
    runner = next((runner for key, runner in _RUNNERS.items() if name in table()[key]), None)
    runner = _PROGRAMS.get(name, runner)
    if runner is not None:
        yield from runner(words)
    elif words[1:] and words[1].known in table()["executors"].get(name, ()):
        yield from calls([word for word in words[2:] if word.known != "--"])
    elif not inert(name):
        yield from _generic(name, words)


def _shell(words: list[Word]) -> Iterator[Script]:
    yield from _strings(words[1:], combined=True)


def _eval(words: list[Word]) -> Iterator[Script]:
    yield Script(joined((word.text for word in words[1:]), " "))


def _trap(words: list[Word]) -> Iterator[Script]:
    if len(words) > 1:
        yield Script(words[1].text)


def inert(name: str) -> bool:
    """Whether a program of this name never runs its words."""
    lower = name.lower()
    return lower in table()["inert"] or bool(re.search(table()["inert_patterns"], lower))


def _strings(words: Sequence[Word], *, combined: bool = False) -> Iterator[Script]:
    """The text given to `-c`, `--command` and the like; `combined` with other letters, `-xc`,
    too."""
    options = table()["scripts"]
    for word, following in zip(words, [*words[1:], None], strict=False):
        text = word.text.text
        name, equals, _ = text.partition("=")
        short = combined and _COMBINED.match(text) is not None
        if following is not None and (short or text in options):
            yield Script(following.text)
            return
        if equals and name in options:
            yield Script(word.text.slice(len(name) + 1, len(text)))
            return


def _ssh(words: list[Word]) -> Iterator[Script]:
    at = 1
    while at < len(words) and (
        words[at].text.text.startswith("-") or (words[at].tail and words[at].sure)
    ):
        valued = re.match(r"-[BbcDEeFIiJLlmOopQRSWw]$", words[at].text.text)
        at += 2 if valued else 1
    if at + 1 < len(words):
        yield Script(joined((word.text for word in words[at + 1 :]), " "))


def _joined(words: list[Word]) -> Iterator[Script]:
    """`watch -n 5 helm ls`, `watch "helm ls"`."""
    options, at = table()["joiners"][base(words[0])]["options"], 1
    while at < len(words) and words[at].text.text.startswith("-"):
        at += 2 if words[at].text.text in options else 1
    if at < len(words):
        yield Script(joined((word.text for word in words[at:]), " "))


def _find(words: list[Word]) -> Iterator[Call | Script]:
    """`find ... -exec helm lint {} \\;`."""
    for at, word in enumerate(words):
        if word.text.text in ("-exec", "-execdir", "-ok"):
            behind = itertools.takewhile(
                lambda word: word.text.text not in (";", "+"), words[at + 1 :]
            )
            yield from calls([_standing(word, "{}") for word in behind])


def _container(words: list[Word]) -> Iterator[Call | Script]:
    """`docker run IMAGE ARGS`, `docker exec NAME helm ARGS`, `kubectl exec POD -- sh -c "..."`."""
    if not any(word.text.text in ("run", "exec", "compose", "debug") for word in words[1:4]):
        return
    for at in range(2, len(words)):
        word, behind = words[at], words[at + 1 :]
        if _flag(word):
            continue
        if behind and base(word) in table()["shells"]:
            yield from _strings(behind, combined=True)
            return
        if word.quoted and _WHOLE.match(word.text.text):  # an image whose entry point is a shell
            yield Script(word.text)
            return
        tool = _tool_in_container(words[at - 1], word, behind)
        if tool:
            yield Call(tool, word, tuple(behind))
            return


def _tool_in_container(before: Word, word: Word, behind: list[Word]) -> str:
    """The tool that a word of a container's command line is, by itself or as an image whose entry
    point it is; "" for neither, and for the value of an option."""
    if before.text.text in ("--entrypoint", "--name", "-v", "-e", "-w", "--network"):
        return ""
    if not behind or not (behind[0].known in verbs() or _flag(behind[0])):
        return ""
    tool, text = tool_of(word, behind[0]), word.text.text
    if not tool and _IMAGE.match(re.sub(f"[{HOLE}{TAIL}]", "x", text)):
        if "helmfile" in text:
            return "helmfile"
        return "helm"
    return tool


def _generic(name: str, words: list[Word]) -> Iterator[Call | Script]:
    """A program that nobody knows: a helm word with one of Helm's verbs behind it is a command it
    runs."""
    if not name and any(map(inert, words[0].names)):
        return  # `$(INFO) helm upgrade`
    call = _call_within(words)
    if call is not None:
        yield call
        return
    scripts = list(_strings(words[1:]))
    yield from scripts
    if not scripts and re.search(table()["runners"], name, re.IGNORECASE):
        for word in words[1:]:
            if word.quoted and _WHOLE.match(word.text.text):
                yield Script(word.text)


def _call_within(words: list[Word]) -> Call | None:
    """The first helm word with a verb behind it."""
    for at in range(1, len(words) - 1):
        word = words[at]
        if word.quoted or words[at - 1].known in table()["namesakes"]:
            continue
        tool = tool_of(word, words[at + 1])
        if tool and _has_verb(tool, words[at + 1 :]):
            return Call(tool, word, tuple(words[at + 1 :]))
    return None


def _has_verb(tool: str, words: Sequence[Word]) -> bool:
    """Whether one of the tool's verbs follows, flags before it and their values apart."""
    known, behind_flag = verbs() if tool == "helm" else notes()["helmfile"]["verbs"], False
    for word in words[:7]:
        if word.known in known:
            return True
        if not (_flag(word) or behind_flag or word.known is None):
            return False
        behind_flag = _flag(word)
    return False


def reads_script(words: Sequence[Word]) -> bool:
    """Whether these words run what they read from standard input: `bash`, `ssh host`, `sudo sh
    -s`."""
    program = _unwrapped(list(words))
    if not program:
        return False
    name, texts = base(program[0]), [word.text.text for word in program[1:]]
    if name in table()["shells"]:
        return "-s" in texts or all(map(_no_script, texts))
    if name == "ssh":
        return not any("helm" in text for text in texts if not text.startswith("-"))
    return name in table()["containers"] and "".join(texts[-1:]) in table()["shells"]


def _unwrapped(words: list[Word]) -> list[Word]:
    """The words behind `sudo`, `env` and the like."""
    while words:
        behind = _behind_prefix(base(words[0]), words)
        if behind is None:
            break
        words = behind
    return words


def _no_script(text: str) -> bool:
    """Whether a word of a shell is an option, and none that brings the script: `-c`, `-xc`."""
    return text.startswith("-") and "c" not in text


_RUNNERS: Mapping[str, Callable[[list[Word]], Iterator[Call | Script]]] = {
    "containers": _container,
    "joiners": _joined,
    "shells": _shell,
}
"""What runs the programs of these parts of the table."""
_PROGRAMS: Mapping[str, Callable[[list[Word]], Iterator[Call | Script]]] = {
    "docker-compose": _container,
    "eval": _eval,
    "find": _find,
    "ssh": _ssh,
    "trap": _trap,
}

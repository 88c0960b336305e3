"""The settings in a container's command, arguments and variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from policylint.kubernetes.api.reading import items, part, parts, text
from policylint.kubernetes.settings.model import Setting, unquoted, words_of
from policylint.model import Object
from policylint.runtime.patterns import pattern

_FLAG = pattern(r"--?[A-Za-z][\w.\-:/]*")
_ASSIGNED = pattern(r"[A-Za-z][\w.\-]*(?==)")
_HEAP = pattern(r"(-X(?:mx|ms|ss|mn))([0-9]+[kmgKMG]?)")
_PIECE = pattern(r"(?:[^\s\"']|\"[^\"]*\"|'[^']*')+")
_OPTIONS = ("opts", "options", "args", "flags", "arguments")
"""Last words of variables that hold flags."""
LONGEST = 20_000
"""Characters of a script that are read."""


def of_container(container: Object, path: str) -> Iterator[Setting]:
    """The settings of a container whose pointer is `path`."""
    for field in ("command", "args"):
        words = [str(word) for word in items(container.get(field))]
        for setting in of_words(words):
            yield Setting(setting.name, setting.words, setting.values, f"{path}/{field}")
    for index, variable in enumerate(parts(container, "env")):
        yield from _of_variable(variable, f"{path}/env/{index}")


def of_words(words: Sequence[str]) -> Iterator[Setting]:
    """The flags of a command line, with their values, and the assignments among its words; a word
    with blanks is a command line of its own (`sh -c "..."`)."""
    waiting, scripted = "", False
    for word, is_script in _pieces(words):
        flag = _FLAG.match(word)
        if waiting and not flag and scripted == is_script:
            yield from _assigned(waiting, word)
            waiting = ""
            continue
        if waiting:
            yield _flag(waiting, "true")
        waiting, scripted = "", is_script
        if flag and flag.end() == len(word) and not _HEAP.fullmatch(word):
            waiting = word
        else:
            yield from _whole(word, flag, is_script=is_script)
    if waiting:
        yield _flag(waiting, "true")


def _whole(word: str, flag: re.Match[str] | None, *, is_script: bool) -> Iterator[Setting]:
    """A word that needs none after it."""
    heap = _HEAP.fullmatch(word)
    if heap:
        yield _flag(heap[1], heap[2])
    elif flag and word[flag.end()] == "=":
        yield from _assigned(flag[0], word[flag.end() + 1 :])
    elif not flag and not is_script:  # X=$(...) of a shell is no setting
        yield from _alone(word)


def _pieces(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The words of a command line, and whether they stand in a text of several."""
    for word in words:
        if " " in word or "\n" in word:
            pieces = _PIECE.findall(word[:LONGEST])
            yield from ((piece.strip(";&|\\"), True) for piece in pieces)
        else:
            yield word, False


def _assigned(flag: str, value: str) -> Iterator[Setting]:
    """A flag with its value; what stands behind `-c` or `--set` may be a setting of its own."""
    inner = _ASSIGNED.match(value)
    is_holder = len(flag.lstrip("-")) == 1 or flag in ("--set", "--config-param", "--override")
    if inner and is_holder:
        yield from _assignment(value)
    else:
        yield _flag(flag, unquoted(value))


def _flag(flag: str, value: str) -> Setting:
    """`--no-x` is x switched off; `-Dx=y` of Java is x."""
    words = words_of(flag)
    if words.startswith("no ") and value == "true":
        return Setting(f"--{flag.lstrip('-')[3:]}", words[3:], ("false",))
    if flag.startswith("-D") and len(flag) > 2:
        return Setting(flag, words_of(flag[2:]), (value,))
    return Setting(flag, words, (value,))


def _alone(word: str) -> Iterator[Setting]:
    """A word that belongs to no flag: `name=value`, or a path that the program is given."""
    if word.startswith("/") and "." not in word:
        yield Setting("argument", "argument path", (word,))
    yield from _assignment(word)


def _assignment(word: str) -> Iterator[Setting]:
    name = _ASSIGNED.match(word)
    if name:
        yield Setting(name[0], words_of(name[0]), (unquoted(word[name.end() + 1 :]),))


def _of_variable(variable: Object, path: str) -> Iterator[Setting]:
    """A variable with its value, or with what it comes from; options in it are settings too."""
    name = text(variable, "name")
    if isinstance(variable.get("value"), str | int | float | bool):
        value = str(variable["value"])
        if words_of(name).rpartition(" ")[2] in _OPTIONS and "-" in value:
            for setting in of_words([f"{value} "]):
                yield Setting(setting.name, setting.words, setting.values, f"{path}/value")
        else:
            yield Setting(name, words_of(name), (value.strip(),), f"{path}/value")
    for kind, field in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
        source = part(variable, "valueFrom", field)
        if source:
            value = f"{kind}/{source.get('name')}[{source.get('key')}]"
            yield Setting(name, words_of(name), (value,), f"{path}/valueFrom")

"""What the readers of CI files share: scripts with the variables and the job around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import shell
from policylint.scan.invocations.model import Invocation, Job
from policylint.scan.scripts.batch import batch
from policylint.scan.scripts.powershell import powershell
from policylint.scan.shells.env import Env, Value
from policylint.scan.shells.syntax import prepare
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text, joined, rewritten
from policylint.scan.texts.yaml import Tree
from policylint.scan.texts.yamlscalars import text_of

Variables = Mapping[str, Text]
_POWERSHELL = ("pwsh", "powershell")
_OWN_CLUSTER = pattern(
    r"\b(?:kind create|k3d cluster create|minikube start|ctlptl create)\b"
    r"|(?:^|[/-])(?:kind|k3d|k3s|minikube)(?:-[\w-]+)?(?:@\S+)?$",
    re.MULTILINE,
)
"""Commands and the names of actions that make a cluster."""
_OTHER = ("python", "node", "cmake", "perl", "ruby")


def mentions(source: Source) -> bool:
    """Whether a file says helm at all."""
    return "helm" in source.text.lower()


def is_yaml(source: Source) -> bool:
    """Whether the name says that it is YAML."""
    return source.suffix in (".yml", ".yaml")


def variables(*nodes: Tree | None) -> dict[str, Text]:
    """Variables of `name: value` mappings, or of lists of `name`/`value` and single pairs; later
    ones win."""
    values: dict[str, Text] = {}
    for node in nodes:
        for name, value in _pairs(node):
            if value.scalar:
                values[name] = prepare(text_of(value))
            elif value.get("value") is not None:
                values[name] = prepare(text_of(value.get("value") or value))
    return values


def _pairs(node: Tree | None) -> Iterator[tuple[str, Tree]]:
    if node is None:
        return
    yield from node.pairs()
    for item in node.items():
        value, name = item.get("value"), item.value("name") or item.value("key")
        if name and value is not None:
            yield name, value
        elif not name:
            yield from item.pairs()


def resolve(text: Text, pattern: re.Pattern[str], lookup: Callable[[str], Text | None]) -> Text:
    """Put the known values of a CI's own expressions (`${{ env.X }}`, `$(X)`, `%X%`) in their
    places."""
    for match in reversed(list(pattern.finditer(text.text))):
        value = lookup(match[1])
        if value is not None and value.known is not None:
            known = Text.standing(value, text.at[match.start()], text.at[match.end() - 1] + 1)
            text = text.splice(match.start(), match.end(), known)
    return text


def script(
    source: Source, text: Text, known: Variables, job: Job | None = None, language: str = "bash"
) -> Iterator[Invocation]:
    """The invocations of one script in the language of its shell."""
    if not text.text.strip() or language.startswith(_OTHER):
        return
    values: dict[str, Value] = dict(known)
    if language.startswith(_POWERSHELL):
        yield from powershell(source, text, known, job)
    elif language.startswith("cmd"):
        yield from batch(source, text, known, job)
    else:
        yield from shell(source, text, Env(values), job)


def makes_cluster(texts: Iterable[str]) -> bool:
    """Whether one of a job's scripts or actions makes a cluster for it."""
    return any(_OWN_CLUSTER.search(text) for text in texts)


def lines(node: Tree | None) -> Text:
    """A script given as one text or as a list of lines, lists within lists included."""
    return joined(_items(node), "\n")


def _items(node: Tree | None) -> Iterator[Text]:
    if node is None:
        return
    if node.scalar:
        yield text_of(node)
    for item in node.items():
        yield from _items(item)


def minutes(text: str) -> float | None:
    """Minutes of "90", "1h 30m", "PT1H", "3600s"; None for anything else."""
    if re.fullmatch(r"\d{1,15}(\.\d{1,15})?", text):
        return float(text)
    units = {"d": 1440.0, "h": 60.0, "m": 1.0, "s": 1 / 60}
    amounts = re.findall(r"(?<!\d)(\d{1,15}+)\s*+([dhms])", text.lower())
    if amounts:
        return sum(int(count) * units[unit] for count, unit in amounts)
    return None


def words(parts: Iterable[Text]) -> Text:
    """An argument list as a shell would be given it: each part quoted; a script for a shell in it
    stays as it is."""
    every = list(parts)
    posix = bool(every) and every[0].text.rpartition("/")[2] in (
        "sh",
        "bash",
        "ash",
        "dash",
        "ksh",
        "zsh",
    )
    return joined((_quoted(part, posix=posix) for part in every), " ")


def _quoted(part: Text, *, posix: bool) -> Text:
    if re.fullmatch(r"[\w./:=@%+,-]+", part.text):
        return part
    mark, escape = ("'", "'\\'") if posix else ('"', "\\")
    special = re.finditer("'" if posix else r"[\\\"`]", part.text)
    part = rewritten(part, ((match.start(), match.start(), Text.of(escape)) for match in special))
    return Text.of(mark) + part + Text.of(mark)

"""`policylint test`: do the rules and policies of a pack say what their examples and cases expect?

Tried are the examples in rules, the cases below `fixtures/NAME/(fail|pass)-WHAT/` of rules and
policies, and Kyverno's test files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.commands import kyverno_tests
from policylint.engine.criteria import Pack
from policylint.engine.packs import is_of_objects, pack_files, rules_of_pack
from policylint.engine.rule import Rule
from policylint.errors import UsageError
from policylint.helm.inputs.files import read_text
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.pipeline.trial import Result, Trial, trial_of, tried

FIXTURES = "fixtures"
_POLICIES = ("ValidatingAdmissionPolicy", "ValidatingPolicy", "ClusterPolicy", "Policy")


class Outcome(Struct, frozen=True):
    """One example or case: whose it is, what it expects and what came of it."""

    name: str
    about: str
    expected: str
    result: str
    why: str = ""
    is_right: bool = True


class PackTrial(Struct, frozen=True):
    """All of a pack."""

    rules: tuple[str, ...]
    """The rules and policies by name."""
    outcomes: tuple[Outcome, ...]

    def wrong(self) -> Iterator[str]:
        """What did not come out as it should, a line each."""
        for outcome in self.outcomes:
            if not outcome.is_right:
                about = f"{outcome.name}: {outcome.about}"
                why = f": {outcome.why}" if outcome.why else ""
                yield f"{about} gives {outcome.result}, not {outcome.expected}{why}"

    def uncovered(self) -> Iterator[str]:
        """The rules that no case fails, or none passes."""
        for name in self.rules:
            results = {outcome.expected for outcome in self.outcomes if outcome.name == name}
            results |= {"pass"} if "skip" in results else set()
            for expected in ("pass", "fail"):
                if expected not in results:
                    yield f"{name}: no example that must {expected}"

    @property
    def exit_code(self) -> int:
        """2 where something could not be tried, 1 where it came out wrong or is not tried."""
        if any(outcome.result == "unknown" and not outcome.is_right for outcome in self.outcomes):
            return 2
        return int(any(self.wrong()) or any(self.uncovered()))


def try_pack(path: Path) -> PackTrial:
    """Try all of a pack: a rule's file or a directory. Raises `UsageError` where there is nothing
    to try, and for a rule that is none."""
    rules = rules_below(path)
    policies = tuple(_policies(path))
    kyverno = [file for name in kyverno_tests.NAMES for file in sorted(path.rglob(name))]
    if not (rules or policies or kyverno):
        raise UsageError(
            f"no rule there: {path}", remedy="name a rule file, or a directory of them"
        )
    outcomes = [outcome for rule in rules for outcome in examples(rule)]
    outcomes += _cases(path, rules, policies)
    for file in kyverno:
        outcomes += map(_of_kyverno, kyverno_tests.rows_of(file))
    names = (*(rule.id for rule in rules), *_names(policies))
    return PackTrial(tuple(dict.fromkeys(names)), tuple(outcomes))


def rules_below(path: Path) -> tuple[Rule, ...]:
    """The rules of a file or directory."""
    return rules_of_pack(Pack(str(path), python=path.suffix == ".py"))


def examples(rule: Rule) -> Iterator[Outcome]:
    """The examples of a rule, tried."""
    for example in rule.examples:
        result = tried(rule.id, trial_of(example), (rule,))
        about = f"example {example.get('name', '?')}"
        yield _outcome(rule.id, about, example, result)


def _outcome(name: str, about: str, example: Mapping[str, Any], result: Result) -> Outcome:
    expected = str(example.get("expect"))
    is_right = result.outcome == expected
    messages = [finding.message for finding in result.findings]
    if is_right and "message" in example and example["message"] not in messages:
        if messages:
            words = f"it says {messages[0]!r}"
        else:
            words = "it says nothing"
        return Outcome(name, about, repr(example["message"]), expected, words, is_right=False)
    return Outcome(name, about, expected, result.outcome, result.why, is_right)


def _cases(path: Path, rules: Iterable[Rule], policies: tuple[Text, ...]) -> Iterator[Outcome]:
    """The cases of directories: `fixtures/NAME/fail-WHAT/`, with before.yaml and after.yaml."""
    by_id = {rule.id: rule for rule in rules}
    for folder in sorted(path.rglob(f"{FIXTURES}/*/*")) if path.is_dir() else ():
        name, expected = folder.parent.name, folder.name.partition("-")[0]
        if folder.is_dir() and expected in ("fail", "pass"):
            own = (by_id[name],) if name in by_id else ()
            trial = _trial(folder, () if own else policies)
            about = f"case {folder.relative_to(path)}"
            yield _outcome(name, about, {"expect": expected}, tried(name, trial, own))


def _trial(folder: Path, policies: tuple[Text, ...]) -> Trial:
    """What a case's directory holds; `case.yaml` says for which versions, and the params."""
    options = _loaded(folder / "case.yaml")
    inputs = {
        name: _loaded(folder / file)
        for name, file in (("values", "values.yaml"), ("oldValues", "old-values.yaml"))
        if (folder / file).exists()
    }
    return Trial(
        _text(folder / "before.yaml"),
        _text(folder / "after.yaml"),
        inputs,
        _text(folder / "command.txt"),
        _text(folder / "history.json"),
        options.get("params", {}),
        policies,
        *_versions(options),
        _repository(folder / "repo"),
    )


def _repository(folder: Path) -> dict[str, str]:
    """The files of a case's repository, by path; links are none of them."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): _text(path) for path in paths}


def _versions(options: Mapping[str, Any]) -> tuple[str, str, str]:
    default = Trial()
    named = {name: str(options.get(name, "")) for name in ("kubernetes", "helm", "environment")}
    return (
        named["kubernetes"] or default.kubernetes,
        named["helm"] or default.helm,
        named["environment"],
    )


def _text(file: Path) -> str:
    if file.exists():
        return read_text(file)
    return ""


def _loaded(file: Path) -> dict[str, Json]:
    if file.exists():
        value = load(_text(file), str(file))
    else:
        value = {}
    if isinstance(value, dict):
        return value
    return {}


def _policies(path: Path) -> Iterator[Text]:
    """The policies of a cluster that a pack holds, with their bindings and params."""
    if path.suffix == ".py":
        return
    for file in pack_files(Pack(str(path))):
        text = read_text(file)
        if is_of_objects(text):
            yield Text(str(file), text)


def _names(policies: Iterable[Text]) -> list[str]:
    bodies = [document.body() for text in policies for document in text.documents()]
    return [
        str(body["metadata"]["name"])
        for body in bodies
        if isinstance(body, dict) and body.get("kind") in _POLICIES
    ]


def _of_kyverno(row: kyverno_tests.Row) -> Outcome:
    about = f"{Path(row.file).parent.name}: {row.about}"
    return Outcome(row.policy, about, row.expected, row.outcome, row.why, row.is_right)

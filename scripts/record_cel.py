"""What the API server's own parser makes of CEL expressions: fixtures/cel/recorded.jsonl.gz.

    go build -C scripts/celparser -o /tmp/celparser
    python scripts/record_cel.py /tmp/celparser
    python scripts/record_cel.py /tmp/celparser --random 20000 --seed 2

The first records the answers anew; the second compares random expressions, and prints each that is
read otherwise here: another tree, another place in it, or accepted and refused. Half of them are
damaged. How the errors are worded is compared in the first line only, and counted.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from policylint.cel.parser import CelSyntaxError, parse
from policylint.cel.tree import Call, Comprehension, Ident, Literal, MakeList, MakeMap, Node, Select
from policylint.cel.values import CelUnsupported, Uint

RECORDED = Path(__file__).parent.parent / "fixtures/cel/recorded.jsonl.gz"
MINOR = 37
LONGEST = 2_000

_NAMES = (
    *("a", "b", "c", "self", "oldSelf", "object", "x", "inn", "in_", "r", "b", "_x", "true_"),
    *("has", "as", "if", "int", "f", "size", "all", "map"),
)
_NUMBERS = (
    *("0", "1", "-1", "007", "9223372036854775807", "-9223372036854775808", "9223372036854775808"),
    *("0x1F", "-0x8000000000000000", "0xFFFFFFFFFFFFFFFF", "1u", "0xFu", "18446744073709551615u"),
    *("18446744073709551616u", "-1u", "1.0", "-.5", "1e3", "1.5E-7", "1e999", "1e-999", ".5e+1"),
)
_CHARACTERS = (
    *("a", "z", "0", "é", "\\n", "\\x41", "\\u00e9", "\\U0001F600", "\\101", "\\377", "\\\\"),
    *("\\'", '\\"', "\\?", "\\`", " ", "}", "\u2028"),
)
_MACROS = ("all", "exists", "exists_one", "map", "filter", "optMap", "optFlatMap", "sortBy")
_MACROS_OF_TWO = ("all", "exists", "existsOne", "transformList", "transformMap")
_DAMAGE = (
    *"()[]{}.,:?!-+*/%<>=&|'\"\\`@#$ \n\tabrRx01ueE_é",
    *("&&", "||", "in", "true", "null", "0x", "'''", '"""', "//", "as", "\u00a0", "\f", "\v"),
)


class Generator:
    """Random expressions, most of them valid."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def expressions(self, count: int) -> Iterator[str]:
        """So many expressions, every second one damaged."""
        for _ in range(count // 2):
            text = self.expression(self.random.randint(1, 5))[:LONGEST]
            yield text
            yield self.damaged(text)

    def expression(self, depth: int) -> str:
        """One expression, nested so deeply at most."""
        if depth <= 0:
            return self.leaf()
        kind: Callable[[int], str] = self.random.choice(self._kinds)
        return kind(depth - 1)

    def damaged(self, text: str) -> str:
        """The expression with a piece more, less or doubled."""
        at = self.random.randint(0, len(text))
        size = self.random.randint(0, 3)
        piece = self.random.choice((self.random.choice(_DAMAGE), text[at : at + 3], ""))
        return text[:at] + piece + text[at + size :]

    def leaf(self) -> str:
        """A name or a literal."""
        return self.random.choice((self.name, self.name, self.number, self.text, self.word))()

    def name(self) -> str:
        """A name, which may be a reserved word."""
        return self.random.choice(_NAMES)

    def number(self) -> str:
        """A number, which may not fit."""
        return self.random.choice(_NUMBERS)

    def word(self) -> str:
        """A word that is a value."""
        return self.random.choice(("true", "false", "null"))

    def text(self) -> str:
        """A string or bytes literal."""
        quote = self.random.choice(("'", '"', "'''", '"""'))
        prefix = self.random.choice(("", "", "", "r", "R", "b", "B", "br", "bR"))
        count = self.random.randint(0, 5)
        body = "".join(self.random.choice(_CHARACTERS) for _ in range(count))
        return f"{prefix}{quote}{body}{quote}"

    def _choice(self, depth: int) -> str:
        parts = [self.expression(depth) for _ in range(3)]
        return f"{parts[0]} ? {parts[1]} : {parts[2]}"

    def _logic(self, depth: int) -> str:
        count = self.random.randint(2, 6)
        sign = self.random.choice(("||", "&&", " && "))
        return sign.join(self.expression(depth) for _ in range(count))

    def _operator(self, depth: int) -> str:
        sign = self.random.choice(("<", "<=", "==", "!=", " in ", *"+-*/%", " // why\n - "))
        return f"{self.expression(depth)}{sign}{self.expression(depth)}"

    def _sign(self, depth: int) -> str:
        return self.random.choice("!-") * self.random.randint(1, 3) + self.expression(depth)

    def _nested(self, depth: int) -> str:
        return f"({self.expression(depth)})"

    def _field(self, depth: int) -> str:
        name = self.random.choice((self.name(), "`a-b/c.d`"))
        return f"{self.expression(depth)}.{self._mark()}{name}"

    def _index(self, depth: int) -> str:
        return f"{self.expression(depth)}[{self._mark()}{self.expression(depth)}]"

    def _call(self, depth: int) -> str:
        target = self.random.choice(("", ".", f"{self.expression(depth)}."))
        return f"{target}{self.name()}({self._some(lambda: self.expression(depth - 1))})"

    def _list(self, depth: int) -> str:
        items = self._some(lambda: self._mark() + self.expression(depth - 1))
        return f"[{items}{self._comma()}]"

    def _map(self, depth: int) -> str:
        items = self._some(lambda: f"{self._mark()}{self.expression(0)}: {self.expression(depth)}")
        return f"{{{items}{self._comma()}}}"

    def _message(self, depth: int) -> str:
        items = self._some(lambda: f"{self._mark()}{self.name()}: {self.expression(depth)}")
        return f"{self.name()}.{self.name()}{{{items}{self._comma()}}}"

    def _macro(self, depth: int) -> str:
        name, variable = self.random.choice(_MACROS), self.random.choice(("x", "x", "x.y", "@"))
        return f"{self.expression(depth)}.{name}({variable}, {self.expression(depth)})"

    def _macro_of_two(self, depth: int) -> str:
        name, variable = self.random.choice(_MACROS_OF_TWO), self.random.choice(("v", "v", "k"))
        return f"{self.expression(depth)}.{name}(k, {variable}, {self.expression(depth)})"

    def _has(self, depth: int) -> str:
        return f"has({self.expression(depth)}{self.random.choice(('.a', ''))})"

    def _mark(self) -> str:
        return self.random.choice(("", "", "?"))

    def _comma(self) -> str:
        return self.random.choice(("", "", ","))

    def _some(self, item: Callable[[], str]) -> str:
        return ", ".join(item() for _ in range(self.random.randint(0, 3)))

    @property
    def _kinds(self) -> tuple[Callable[[int], str], ...]:
        return (
            *(self._choice, self._logic, self._operator, self._operator, self._sign, self._nested),
            *(self._field, self._field, self._index, self._call, self._call, self._list),
            *(self._map, self._message, self._macro, self._macro, self._macro_of_two, self._has),
        )


def answers(parser: str, expressions: Iterable[str], minor: int = MINOR) -> list[dict[str, Any]]:
    """What the server's parser says of each expression."""
    asked = "\n".join(map(json.dumps, expressions))
    run = subprocess.run(
        [parser, str(minor)], input=asked.encode(), stdout=subprocess.PIPE, check=True
    )
    return [json.loads(line) for line in run.stdout.split(b"\n") if line]


def own_answer(expression: str, minor: int = MINOR) -> dict[str, Any]:
    """What is read here of an expression, in the words of the server's parser."""
    try:
        root, positions = parse(expression, minor)
    except CelSyntaxError as error:
        return {"expression": expression, "error": str(error)}
    return {"expression": expression, "tree": shown(root, positions)}


def shown(node: Node, positions: dict[int, int]) -> list[Any]:
    """A tree as scripts/celparser prints it."""

    def tree(below: Node | None) -> Any:
        return None if below is None else shown(below, positions)

    return [positions[node.id], *_node(node, tree)]


def _node(node: Node, tree: Callable[[Node | None], Any]) -> list[Any]:
    match node:
        case Literal():
            return _literal(node.value)
        case Ident():
            return ["ident", node.name]
        case Select():
            return ["select", tree(node.operand), node.field, node.test]
        case Call():
            return ["call", node.function, tree(node.target), list(map(tree, node.args))]
        case MakeList():
            return ["list", list(map(tree, node.elements)), sorted(node.optional)]
        case MakeMap():
            return _entries(node, tree)
        case Comprehension():
            parts = (node.over, node.start, node.condition, node.step, node.result)
            return ["fold", node.var, node.var2, node.accumulator, *map(tree, parts)]


def _entries(node: MakeMap, tree: Callable[[Node | None], Any]) -> list[Any]:
    if not node.message:
        entries = [[tree(entry.key), tree(entry.value), entry.optional] for entry in node.entries]
        return ["map", entries]
    fields = [
        [entry.key.value, tree(entry.value), entry.optional]
        for entry in node.entries
        if isinstance(entry.key, Literal)
    ]
    return ["message", node.message, fields]


def _literal(value: Any) -> list[Any]:
    match value:
        case None:
            return ["null"]
        case bool():
            return ["bool", value]
        case Uint():
            return ["uint", str(int(value))]
        case int():
            return ["int", str(value)]
        case float():
            return ["double", value]
        case str():
            return ["string", value]
    return ["bytes", value.hex()]


def comparable(answer: Any) -> Any:
    """An answer with its doubles as numbers, which Go and Python write otherwise."""
    if isinstance(answer, list):
        if len(answer) == 3 and answer[1] == "double" and isinstance(answer[2], str):
            return [answer[0], "double", float.fromhex(answer[2])]
        return list(map(comparable, answer))
    return answer


def agrees(recorded: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether both give the same tree, or both refuse the expression."""
    return bool(comparable(recorded.get("tree")) == own.get("tree"))


def compare(parser: str, count: int, seed: int) -> int:
    """How many random expressions are read otherwise here."""
    counts: Counter[str] = Counter()
    for recorded in answers(parser, Generator(seed).expressions(count)):
        try:
            own = own_answer(recorded["expression"])
        except CelUnsupported:
            counts["unknown"] += 1
            continue
        if not agrees(recorded, own):
            counts["other"] += 1
            print(json.dumps(recorded), json.dumps(own), sep="\n")
        elif "tree" in own:
            counts["the same tree"] += 1
        else:
            first = [answer["error"].partition("\n")[0] for answer in (recorded, own)]
            counts["the same error" if first[0] == first[1] else "refused in other words"] += 1
    print(dict(counts), file=sys.stderr)
    return counts["other"]


def main() -> int:
    """The command line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("parser")
    arguments.add_argument("--random", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    if chosen.random:
        return int(compare(chosen.parser, chosen.random, chosen.seed) > 0)
    recorded = answers(chosen.parser, Generator(chosen.seed).expressions(3_000))
    with gzip.GzipFile(RECORDED, "wb", mtime=0) as file:
        for answer in recorded:
            answer["error"] = answer.get("error", "").partition("\n")[0]
            known = {key: value for key, value in answer.items() if value}
            file.write(json.dumps(known, ensure_ascii=False).encode() + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

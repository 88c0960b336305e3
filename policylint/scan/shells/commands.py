"""Shell commands: what running one would run, through pipelines, functions and builtins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from policylint.scan.shells.env import Env, Value
from policylint.scan.shells.prints import printed
from policylint.scan.shells.syntax import find, prepare, statements
from policylint.scan.shells.words import Expander
from policylint.scan.shells.wrappers import Script, base, calls, reads_script
from policylint.scan.texts.text import EMPTY, TAIL, Text, Word, joined

if TYPE_CHECKING:
    from tree_sitter import Node

    from policylint.scan.shells.shell import Shell

_LONGEST = 20_000
_MOST = 1_000
"""The characters of a string and the words of an array, beyond which a variable is given up."""
DEPTH = 8
"""How deep functions and strings run as commands are followed."""


class Commands(Struct):
    """One text being read in one environment: how commands, pipelines and assignments are read."""

    shell: Shell
    text: Text
    env: Env

    @property
    def expander(self) -> Expander:
        """What expands the words of this text in this environment."""
        return Expander(self.text, self.shell.file, self.env, self._substitution)

    def branch(self, env: Env | None = None) -> Self:
        """The same text in an environment of its own."""
        return type(self)(self.shell, self.text, env or self.env.copy())

    def block(self, nodes: Iterable[Node]) -> None:
        """Read these nodes one after another: each by the method of its type, else what is inside
        it."""
        for node in nodes:
            handler = getattr(self, f"_on_{node.type.lower()}", None)
            if handler is not None and node.is_named:
                handler(node)
            else:
                self.block(statements(node))

    def _substitution(self, node: Node) -> Text | None:
        """Read the commands of a `$( )`; what they print is known for an echo, also behind
        conditions."""
        inner = self.branch()
        inner.block(statements(node))
        kids = list(statements(node))
        if node.type != "command_substitution" or len(kids) != 1:
            return None
        said = printed(kids[0], inner.words)
        return said if said is not None and said.text else None

    def _nested(self, node: Node) -> None:
        for child in find(node, "command_substitution", "process_substitution"):
            self._substitution(child)

    def _on_variable_assignment(self, node: Node) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        adds = any(child.type == "+=" for child in node.children)
        found = self._value(value)
        if name.type == "subscript":
            self._element(self.expander.raw(name).text.partition("[")[0], found)
            return
        key = self.expander.raw(name).text
        self.env.values[key] = _bounded(self._added(key, found) if adds else found)

    def _value(self, value: Node | None) -> Value:
        if value is None:
            return EMPTY
        if value.type != "array":
            return self.expander.text(value)
        return tuple(word for child in statements(value) for word in self.expander.words(child))

    def _added(self, key: str, found: Value) -> Value:
        if isinstance(found, tuple):
            known = self.env.words(key)
            return (*(known or ()), *found)
        before = self.env.values.get(key)
        if isinstance(before, tuple):
            return (*before, Word(found, found.text, quoted=True))
        return (before if before is not None else Text(TAIL, (-1,), ".")) + found

    def _element(self, key: str, found: Value) -> None:
        if isinstance(found, Text):
            self.env.values[key] = _bounded(
                (*(self.env.words(key) or ()), Word(found, found.text, quoted=True))
            )

    def _on_pipeline(self, node: Node) -> None:
        self._piped(list(statements(node)), None)

    def _piped(self, stages: list[Node], given: Text | None) -> None:
        runs = (
            bool(stages) and stages[-1].type == "command" and reads_script(self.words(stages[-1]))
        )
        for index, stage in enumerate(stages):
            self.branch().block([stage])
            if runs and not index:
                printed = given if given is not None else self._printed(stage)
                if printed is not None:
                    self._run(printed)

    def _printed(self, node: Node) -> Text | None:
        """What a command prints, for `echo ... | bash`."""
        if node.type == "redirected_statement":
            return next((self._heredoc(each) for each in find(node, "heredoc_redirect")), None)
        if node.type != "command":
            return None
        words = self.words(node)
        if not words or base(words[0]) not in ("echo", "printf"):
            return None
        return joined((word.text for word in words[1:]), " ")

    def _heredoc(self, node: Node) -> Text:
        body = next(find(node, "heredoc_body"), None)
        return self.text.slice(body.start_byte, body.end_byte) if body else EMPTY

    def _on_redirected_statement(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        extra: list[Node] = []
        stdin: Text | None = None
        for redirect in node.children_by_field_name("redirect"):
            self._nested(redirect)
            if redirect.type == "file_redirect":
                extra += redirect.children_by_field_name("destination")[1:]
            elif redirect.type == "heredoc_redirect":
                extra += redirect.children_by_field_name("argument")
                stdin = self._heredoc(redirect)
                self._behind_heredoc(redirect, stdin)
            elif redirect.type == "herestring_redirect":
                stdin = joined(self.expander.text(child) for child in statements(redirect))
        if body is None:
            return
        inner = next(iter(body.named_children), body) if body.type == "negated_command" else body
        if inner.type == "command":
            self._on_command(inner, extra, stdin)
        else:
            self.block([body])

    def _behind_heredoc(self, node: Node, text: Text) -> None:
        """`cat <<EOF | bash`, `cat <<EOF && helm ...`: what follows the opening word on its
        line."""
        for child in node.named_children:
            if child.type == "pipeline":
                stages = list(statements(child))
                self._piped(stages, None)
                if stages and stages[-1].type == "command" and reads_script(self.words(stages[-1])):
                    self._run(text)
            elif child.type in ("command", "list", "redirected_statement", "if_statement"):
                self.block([child])

    def words(self, node: Node, extra: Sequence[Node] = ()) -> list[Word]:
        """A command's words."""
        name = node.child_by_field_name("name")
        every = [*([name] if name else []), *node.children_by_field_name("argument"), *extra]
        expander = self.expander
        return [word for child in every for word in expander.words(child)]

    def _on_command(
        self, node: Node, extra: Sequence[Node] = (), stdin: Text | None = None
    ) -> None:
        prefix = self._prefix(node)
        words = self.words(node, extra)
        for child in node.named_children:
            if child.type in ("herestring_redirect", "file_redirect", "heredoc_redirect"):
                self._nested(child)
                behind = child.children_by_field_name("destination")[1:]
                words += [word for each in behind for word in self.expander.words(each)]
        if not words:
            return
        part = self.text.slice(
            node.start_byte, max([node.end_byte, *(each.end_byte for each in extra)])
        )
        span = (part.start, part.end)
        if not self._builtin(words) and not self._function(words, span):
            for each in calls(words):
                if isinstance(each, Script):
                    self._run(each.text, span)
                else:
                    self.shell.found(each, span, self.env, prefix)
        if stdin is not None and reads_script(words):
            self._run(stdin)

    def _prefix(self, node: Node) -> dict[str, str]:
        found: dict[str, str] = {}
        for child in node.named_children:
            if child.type == "variable_assignment":
                inner = self.branch()
                inner._on_variable_assignment(child)
                name = self.text.text[child.start_byte : child.end_byte].partition("=")[0]
                value = inner.env.text(name)
                if name.startswith("HELM_"):
                    found[name] = (value.known or "") if value else ""
        return found

    def _run(self, text: Text, span: tuple[int, int] = (-1, -1)) -> None:
        """Read a text that a shell is given; `span` is that of the command which gives it."""
        if "helm" not in text.text.lower() and TAIL not in text.text:
            return
        self.shell.stack.append((-1, *span))
        self.shell.script(prepare(text), self.env.copy())
        self.shell.stack.pop()

    def _function(self, words: list[Word], span: tuple[int, int]) -> bool:
        """Follow a call of a function of this file; whether it is one."""
        name = words[0].known or ""
        known = self.shell.functions.get(name)
        if known is None or name in ("helm", "helmfile"):
            return False
        if any(entry[0] == span[0] for entry in self.shell.stack) or len(self.shell.stack) > DEPTH:
            return True
        self.shell.budget -= 1
        if self.shell.budget < 0:
            return not any("helm" in word.text.text.lower() for word in words[1:])
        self.shell.called.add(name)
        self._enter(known, words, span)
        return True

    def _enter(self, known: tuple[Node, Text], words: list[Word], span: tuple[int, int]) -> None:
        body, source = known
        outer = {
            key: value for key, value in self.env.values.items() if key.isdigit() or key == "@"
        }
        stopped = self.env.stopped
        self.env.positionals(tuple(words[1:]))
        self.shell.stack.append((words[0].text.start, *span))
        inner = type(self)(self.shell, source, self.env)
        inner.block([body])
        self.shell.stack.pop()
        for key in [key for key in self.env.values if key.isdigit() or key == "@"]:
            del self.env.values[key]
        self.env.values.update(outer)
        self.env.stopped = stopped or _exits(body, source)

    def _builtin(self, words: list[Word]) -> bool:
        name, rest = words[0].known, words[1:]
        if name == "set":
            self._set(rest)
        elif name == "shift":
            known = self.env.words("@")
            count = int(rest[0].known or 1) if rest and (rest[0].known or "").isdigit() else 1
            if known is not None and not any(word.tail or word.maybe for word in known[:count]):
                self.env.positionals(known[count:])
        elif name in ("exit", "return"):
            self.env.stopped = True
        elif name in ("read", "mapfile", "readarray"):
            for word in rest:
                if (
                    word.known
                    and not word.known.startswith("-")
                    and re.match(r"[A-Za-z_]\w*$", word.known)
                ):
                    self.env.values.pop(word.known, None)
        else:
            return False
        return True

    def _set(self, words: list[Word]) -> None:
        texts = [word.text.text for word in words]
        if "--" in texts:
            self.env.positionals(tuple(words[texts.index("--") + 1 :]))


def _bounded(value: Value) -> Value:
    """The value; one that grows without end (a script that doubles it again and again) cannot be
    told."""
    if isinstance(value, Text):
        return value if len(value.text) <= _LONGEST else Text(TAIL, (-1,), ".")
    return value if len(value) <= _MOST else (Word(Text(TAIL, (-1,), "."), tail=True, sure=True),)


def _exits(body: Node, source: Text) -> bool:
    """Whether a function always ends the script: its last statement is exit."""
    kids = list(statements(body))
    last = kids[-1] if kids else None
    text = source.text[last.start_byte : last.end_byte] if last and last.type == "command" else ""
    return text.split()[:1] == ["exit"]

"""Reads a shell script as a shell would, without running anything: which helm commands, with which words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policylint.invocations.argv import parse as parse_words
from policylint.invocations.shellenv import Env, Value
from policylint.invocations.shellsyntax import find, parse, prepare, statements
from policylint.invocations.shellwords import Expander
from policylint.invocations.text import EMPTY, HOLE, TAIL, Text, Word, joined
from policylint.invocations.wrappers import Call, Script, base, calls, reads_script

if TYPE_CHECKING:
    from tree_sitter import Node

_DEPTH = 8
"""How deep functions and strings run as commands are followed."""
_BUDGET = 400
"""How many function calls of one file are followed; what more there are is read once, arguments unknown."""
_LOOPS = 8
_LOST = re.compile(r"^[ \t]*(?:[@-]|sudo\s+|if\s+!?\s*|!\s*)*(?:helm|helmfile)[ \t]+[a-z-].*(?:\\\n.*)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """A helm command met while reading: `site` is its position in the file, `env` Helm's own variables."""

    call: Call
    site: int
    span: tuple[int, int]
    env: Mapping[str, str]
    maybe: bool = False


@dataclass(slots=True)
class Shell:
    """One file's scripts: they share the functions they define, and what was found."""

    file: str
    runs: list[Run] = field(default_factory=list)
    functions: dict[str, tuple[Node, Text]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    stack: list[tuple[int, int, int]] = field(default_factory=list)
    """(first word, start, end) of the commands that called the functions being read."""
    budget: int = _BUDGET

    def read(self, text: Text, env: Env | None = None, *, templates: bool = True) -> None:
        """Read a whole script; functions that it never calls are read last, their arguments unknown."""
        env = env if env is not None else Env()
        self.script(prepare(text, templates=templates), env)
        for name in [name for name in self.functions if name not in self.called]:
            body, source = self.functions[name]
            inner = env.copy()
            inner.values.pop("@", None)
            self.called.add(name)
            _Reading(self, source, inner).block([body])

    def script(self, text: Text, env: Env) -> None:
        """Read a text in an environment that it may change."""
        if len(self.stack) > _DEPTH:
            return
        root = parse(text)
        _Reading(self, text, env).block([root])

    def found(self, call: Call, span: tuple[int, int], env: Env, prefix: Mapping[str, str]) -> None:
        """Note a helm command."""
        own = {name: value.known or "" for name, value in env.values.items() if isinstance(value, Text) and _own(name)}
        self.runs.append(Run(call, self._site(call, span), span, {**own, **prefix}))

    def _site(self, call: Call, span: tuple[int, int]) -> int:
        """The helm word's position: that of its text, or where it is used with a verb of its own."""
        word = call.word.text.start
        if self.file[word : word + 4].lower() != "helm" and call.word.span[0] >= 0:
            word = call.word.span[0]  # a variable: the place is where it is used
        command = parse_words(call.words, call.tool)
        verb = command.verb.text.start if command and command.verb else word
        if self.stack:
            first, start, end = self.stack[-1]
            if start <= verb < end and not start <= word < end:
                return first
        if span[0] <= word < span[1] or not span[0] <= verb < span[1]:
            return word if word >= 0 else call.word.span[0]
        return call.word.span[0] if call.word.span[0] >= 0 else word


def _own(name: str) -> bool:
    return name.startswith("HELM_")


@dataclass(slots=True)
class _Reading:
    """One text being read in one environment."""

    shell: Shell
    text: Text
    env: Env

    @property
    def expander(self) -> Expander:
        return Expander(self.text, self.shell.file, self.env, self._substitution)

    def branch(self, env: Env | None = None) -> _Reading:
        return _Reading(self.shell, self.text, env or self.env.copy())

    def block(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            handler = getattr(self, f"_{node.type}", None)
            if handler is not None and node.is_named:
                handler(node)
            else:
                self.block(statements(node))

    def _substitution(self, node: Node) -> Text | None:
        """Read the commands of a `$( )`; what they print is known for an echo of known words."""
        inner = self.branch()
        inner.block(statements(node))
        kids = list(statements(node))
        if node.type == "command_substitution" and len(kids) == 1 and kids[0].type == "command":
            words = inner.words(kids[0])
            if words and base(words[0]) in ("echo", "printf") and not any("%" in w.text.text for w in words[1:2]):
                said = joined((word.text for word in words[1:] if word.text.text not in ("-n", "-e")), " ")
                return said if said.text and said.known else None
        return None

    # -- statements ------------------------------------------------------------------------------------------------

    def _subshell(self, node: Node) -> None:
        self.branch().block(statements(node))

    def _function_definition(self, node: Node) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.shell.functions[self.expander.raw(name).text] = (body, self.text)

    def _variable_assignment(self, node: Node) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        adds = any(child.type == "+=" for child in node.children)
        found = self._value(value)
        if name.type == "subscript":
            self._element(self.expander.raw(name).text.partition("[")[0], found)
            return
        key = self.expander.raw(name).text
        self.env.values[key] = self._added(key, found) if adds else found

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
            self.env.values[key] = (*(self.env.words(key) or ()), Word(found, found.text, quoted=True))

    def _declaration_command(self, node: Node) -> None:
        keyword = self.text.text[node.start_byte : node.end_byte].split(None, 1)[0]
        refers = any(child.type == "word" and self.expander.raw(child).text == "-n" for child in statements(node))
        for child in statements(node):
            if child.type == "variable_assignment":
                self._variable_assignment(child)
                if refers and child.named_children:  # a name reference: another variable's value
                    self.env.values.pop(self.expander.raw(child.named_children[0]).text, None)
            elif child.type == "variable_name" and keyword in ("local", "declare", "typeset"):
                self.env.values.setdefault(self.expander.raw(child).text, EMPTY)
            else:
                self._nested(child)

    def _unset_command(self, node: Node) -> None:
        for child in find(node, "variable_name", "word"):
            self.env.values[self.expander.raw(child).text] = EMPTY

    def _test_command(self, node: Node) -> None:
        self._nested(node)

    def _nested(self, node: Node) -> None:
        for child in find(node, "command_substitution", "process_substitution"):
            self._substitution(child)

    def _if_statement(self, node: Node) -> None:
        branches: list[Env] = []
        otherwise = self._clause(node, branches)
        self.env.become([*branches, *([] if otherwise else [self.env.copy()])])

    def _clause(self, node: Node, branches: list[Env]) -> bool:
        """An if or elif: its condition always runs, its body is a branch; whether there is an else."""
        body = None
        for child in node.children:
            if child.type == "then":
                body = self.branch()
                branches.append(body.env)
            elif child.type == "elif_clause":
                if self._clause(child, branches):
                    return True
            elif child.type == "else_clause":
                last = self.branch()
                last.block(statements(child))
                branches.append(last.env)
                return True
            elif child.is_named and child.type != "comment":
                (body or self).block([child])
        return False

    def _case_statement(self, node: Node) -> None:
        branches: list[Env] = []
        every = False
        for child in node.children:
            if child.type == "case_item":
                values = child.children_by_field_name("value")
                every = every or any(self.expander.raw(value).text == "*" for value in values)
                item = self.branch()
                item.block(each for each in statements(child) if each not in values)
                branches.append(item.env)
            elif child.is_named:
                self._nested(child)
        self.env.become([*branches, *([] if every and branches else [self.env.copy()])])

    def _while_statement(self, node: Node) -> None:
        self._repeat(list(statements(node)))

    def _c_style_for_statement(self, node: Node) -> None:
        self._repeat([child for child in statements(node) if child.type in ("do_group", "compound_statement")])

    def _repeat(self, nodes: list[Node]) -> None:
        inner = self.branch()
        inner.block(nodes)
        inner.env.stopped = False
        self.env.become([self.env.copy(), inner.env])

    def _for_statement(self, node: Node) -> None:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        name = self.expander.raw(variable).text if variable else ""
        words = [word for value in node.children_by_field_name("value") for word in self.expander.words(value)]
        if words and len(words) <= _LOOPS and all(word.known and not _glob(word.known) for word in words):
            for word in words:
                self.env.values[name] = word.text
                self.block([body] if body else [])
            return
        inner = self.branch()
        inner.env.values[name] = Text(HOLE, (-1,), ".")
        inner.block([body] if body else [])
        inner.env.stopped = False
        self.env.become([self.env.copy(), inner.env])

    def _list(self, node: Node) -> None:
        left, *rest = [child for child in node.named_children if child.type != "comment"]
        self.block([left])
        for child in rest:
            right = self.branch()
            right.block([child])
            self.env.become([self.env.copy(), right.env])

    # -- commands --------------------------------------------------------------------------------------------------

    def _pipeline(self, node: Node) -> None:
        self._piped(list(statements(node)), None)

    def _piped(self, stages: list[Node], given: Text | None) -> None:
        runs = bool(stages) and stages[-1].type == "command" and reads_script(self.words(stages[-1]))
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

    def _redirected_statement(self, node: Node) -> None:
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
            self._command(inner, extra, stdin)
        else:
            self.block([body])

    def _behind_heredoc(self, node: Node, text: Text) -> None:
        """`cat <<EOF | bash`, `cat <<EOF && helm ...`: what follows the opening word on its line."""
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
        return [word for child in every for word in self.expander.words(child)]

    def _command(self, node: Node, extra: Sequence[Node] = (), stdin: Text | None = None) -> None:
        prefix = self._prefix(node)
        words = self.words(node, extra)
        for child in node.named_children:
            if child.type in ("herestring_redirect", "file_redirect", "heredoc_redirect"):
                self._nested(child)
                behind = child.children_by_field_name("destination")[1:]
                words += [word for each in behind for word in self.expander.words(each)]
        if not words:
            return
        part = self.text.slice(node.start_byte, max([node.end_byte, *(each.end_byte for each in extra)]))
        span = (part.start, part.end)
        if not self._builtin(words) and not self._function(words, span):
            for each in calls(words):
                if isinstance(each, Script):
                    self._run(each.text)
                else:
                    self.shell.found(each, span, self.env, prefix)
        if stdin is not None and reads_script(words):
            self._run(stdin)

    def _prefix(self, node: Node) -> dict[str, str]:
        found: dict[str, str] = {}
        for child in node.named_children:
            if child.type == "variable_assignment":
                inner = self.branch()
                inner._variable_assignment(child)
                name = self.text.text[child.start_byte : child.end_byte].partition("=")[0]
                value = inner.env.text(name)
                if _own(name):
                    found[name] = (value.known or "") if value else ""
        return found

    def _run(self, text: Text) -> None:
        if "helm" not in text.text.lower() and TAIL not in text.text:
            return
        self.shell.stack.append((-1, -1, -1))
        self.shell.script(prepare(text), self.env.copy())
        self.shell.stack.pop()

    def _function(self, words: list[Word], span: tuple[int, int]) -> bool:
        """Follow a call of a function of this file; whether it is one."""
        name = words[0].known or ""
        known = self.shell.functions.get(name)
        if known is None or name in ("helm", "helmfile"):
            return False
        if any(entry[0] == span[0] for entry in self.shell.stack) or len(self.shell.stack) > _DEPTH:
            return True
        self.shell.budget -= 1
        if self.shell.budget < 0:
            return True
        self.shell.called.add(name)
        self._enter(known, words, span)
        return True

    def _enter(self, known: tuple[Node, Text], words: list[Word], span: tuple[int, int]) -> None:
        body, source = known
        outer = {key: value for key, value in self.env.values.items() if key.isdigit() or key == "@"}
        stopped = self.env.stopped
        self.env.positionals(tuple(words[1:]))
        self.shell.stack.append((words[0].text.start, *span))
        inner = _Reading(self.shell, source, self.env)
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
                if word.known and not word.known.startswith("-") and re.match(r"[A-Za-z_]\w*$", word.known):
                    self.env.values.pop(word.known, None)
        else:
            return False
        return True

    def _set(self, words: list[Word]) -> None:
        texts = [word.text.text for word in words]
        if "--" in texts:
            self.env.positionals(tuple(words[texts.index("--") + 1 :]))

    def _ERROR(self, node: Node) -> None:  # noqa: N802
        """A part that is no shell: what parses is read, then each line that begins with helm alone."""
        before = len(self.shell.runs)
        self.block(statements(node))
        seen = {run.site for run in self.shell.runs[before:]}
        for match in _LOST.finditer(self.text.text, node.start_byte, node.end_byte):
            part = self.text.slice(match.start(), match.end())
            if not any(site in seen for site in part.at) and match.group() != self.text.text:
                self.shell.script(part, self.env.copy())


def _exits(body: Node, source: Text) -> bool:
    """Whether a function always ends the script: its last statement is exit."""
    kids = list(statements(body))
    last = kids[-1] if kids else None
    text = source.text[last.start_byte : last.end_byte] if last and last.type == "command" else ""
    return text.split()[:1] == ["exit"]


def _glob(text: str) -> bool:
    return any(char in text for char in "*?{")

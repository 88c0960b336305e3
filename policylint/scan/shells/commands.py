"""Shell commands: what running one would run, through pipelines, functions and builtins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern
from policylint.scan.shells.env import Env, Value
from policylint.scan.shells.prints import printed
from policylint.scan.shells.runs import Caller, Shell
from policylint.scan.shells.syntax import find, mended, prepare, statements
from policylint.scan.shells.words import Expander
from policylint.scan.shells.wrappers import Script, base, calls, reads_script
from policylint.scan.texts.text import EMPTY, TAIL, Text, Word, joined

if TYPE_CHECKING:
    from tree_sitter import Node

_VARIABLE = pattern(r"[A-Za-z_]\w*$")
_REDIRECTS = ("herestring_redirect", "file_redirect", "heredoc_redirect")
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

    def script(self, text: Text, env: Env) -> None:
        """Read another text in an environment that it may change."""
        if len(self.shell.callers) <= DEPTH:
            whole, root = mended(text)
            type(self)(self.shell, whole, env).block([root])

    def _substitution(self, node: Node) -> Text | None:
        """Read the commands of a `$( )`; what they print is known for an echo, also behind
        conditions."""
        inner = self.branch()
        inner.block(statements(node))
        kids = list(statements(node))
        if node.type != "command_substitution" or len(kids) != 1:
            return None
        output = printed(kids[0], inner.words)
        if output is not None and output.text:
            return output
        return None

    def _nested(self, node: Node) -> None:
        for child in find(node, "command_substitution", "process_substitution"):
            self._substitution(child)

    def _on_variable_assignment(self, node: Node) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        adds = any(child.type == "+=" for child in node.children)
        assigned = self._value(value)
        if name.type == "subscript":
            self._element(self.expander.raw(name).text.partition("[")[0], assigned)
            return
        key = self.expander.raw(name).text
        self.env.values[key] = _bounded(self._added(key, assigned) if adds else assigned)

    def _value(self, value: Node | None) -> Value:
        if value is None:
            return EMPTY
        if value.type != "array":
            return self.expander.text(value)
        return tuple(word for child in statements(value) for word in self.expander.words(child))

    def _added(self, key: str, value: Value) -> Value:
        """What `key+=value` leaves."""
        if isinstance(value, tuple):
            return (*(self.env.words(key) or ()), *value)
        before = self.env.values.get(key)
        if isinstance(before, tuple):
            return (*before, Word(value, value.text, quoted=True))
        return (before if before is not None else Text(TAIL, (-1,), ".")) + value

    def _element(self, key: str, value: Value) -> None:
        """`key[...]=value`: an element more, whatever its number."""
        if isinstance(value, Text):
            element = Word(value, value.text, quoted=True)
            self.env.values[key] = _bounded((*(self.env.words(key) or ()), element))

    def _on_pipeline(self, node: Node) -> None:
        self._piped(list(statements(node)))

    def _piped(self, stages: list[Node]) -> None:
        """Read each stage; what the first prints is read too where the last is a shell."""
        runs = self._ends_in_shell(stages)
        for index, stage in enumerate(stages):
            self.branch().block([stage])
            if runs and not index:
                script = self._printed(stage)
                if script is not None:
                    self._run(script)

    def _ends_in_shell(self, stages: list[Node]) -> bool:
        """`... | bash`."""
        last = stages[-1] if stages else None
        return last is not None and last.type == "command" and reads_script(self.words(last))

    def _printed(self, node: Node) -> Text | None:
        """What a command prints, for `echo ... | bash`."""
        if node.type == "redirected_statement":
            return next((self._heredoc(part) for part in find(node, "heredoc_redirect")), None)
        if node.type != "command":
            return None
        words = self.words(node)
        if not words or base(words[0]) not in ("echo", "printf"):
            return None
        return joined((word.text for word in words[1:]), " ")

    def _heredoc(self, node: Node) -> Text:
        body = next(find(node, "heredoc_body"), None)
        if body:
            return self.text.slice(body.start_byte, body.end_byte)
        return EMPTY

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
        if body.type == "negated_command":
            inner = next(iter(body.named_children), body)
        else:
            inner = body
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
                self._piped(stages)
                if self._ends_in_shell(stages):
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
        words = [*self.words(node, extra), *self._behind_redirects(node)]
        if not words:
            return
        end = max([node.end_byte, *(argument.end_byte for argument in extra)])
        part = self.text.slice(node.start_byte, end)
        span = (part.start, part.end)
        if not self._builtin(words) and not self._function(words, span):
            for call in calls(words):
                if isinstance(call, Script):
                    self._run(call.text, span)
                else:
                    self.shell.note(call, span, self.env, prefix)
        if stdin is not None and reads_script(words):
            self._run(stdin)

    def _behind_redirects(self, node: Node) -> Iterator[Word]:
        """`helm >log upgrade web`: the grammar counts what stands behind a redirect's file to it,
        a shell to the command."""
        for redirect in node.named_children:
            if redirect.type in _REDIRECTS:
                self._nested(redirect)
                for argument in redirect.children_by_field_name("destination")[1:]:
                    yield from self.expander.words(argument)

    def _prefix(self, node: Node) -> dict[str, str]:
        """The variables of Helm's own that are set for this command alone."""
        variables: dict[str, str] = {}
        for child in node.named_children:
            if child.type == "variable_assignment":
                inner = self.branch()
                inner._on_variable_assignment(child)
                name = self.text.text[child.start_byte : child.end_byte].partition("=")[0]
                value = inner.env.text(name)
                if name.startswith("HELM_"):
                    variables[name] = (value.known or "") if value else ""
        return variables

    def _run(self, text: Text, span: tuple[int, int] = (-1, -1)) -> None:
        """Read a text that a shell is given; `span` is that of the command which gives it."""
        if "helm" not in text.text.lower() and TAIL not in text.text:
            return
        self.shell.callers.append(Caller(-1, *span))
        self.script(prepare(text), self.env.copy())
        self.shell.callers.pop()

    def _function(self, words: list[Word], span: tuple[int, int]) -> bool:
        """Follow a call of a function of this file; whether it is one."""
        name = words[0].known or ""
        known = self.shell.functions.get(name)
        if known is None or name in ("helm", "helmfile"):
            return False
        callers = self.shell.callers
        if len(callers) > DEPTH or any(caller.name == span[0] for caller in callers):
            return True  # it calls itself: one reading says all
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
        self.shell.callers.append(Caller(words[0].text.start, *span))
        type(self)(self.shell, source, self.env).block([body])
        self.shell.callers.pop()
        for key in [key for key in self.env.values if key.isdigit() or key == "@"]:
            del self.env.values[key]
        self.env.values.update(outer)
        self.env.stopped = stopped or _exits(body, source)

    def _builtin(self, words: list[Word]) -> bool:
        """Do what a builtin does to the variables; whether it is one."""
        name, rest = words[0].known, words[1:]
        if name == "set":
            self._set(rest)
        elif name == "shift":
            self._shift(rest)
        elif name in ("exit", "return"):
            self.env.stopped = True
        elif name in ("read", "mapfile", "readarray"):
            self._read_in(rest)
        else:
            return False
        return True

    def _set(self, words: list[Word]) -> None:
        texts = [word.text.text for word in words]
        if "--" in texts:
            self.env.positionals(tuple(words[texts.index("--") + 1 :]))

    def _shift(self, words: list[Word]) -> None:
        arguments = self.env.words("@")
        digits = (words[0].known or "") if words else ""
        count = max(whole_or(digits, 1), 0)
        if arguments is None or any(word.tail or word.maybe for word in arguments[:count]):
            return
        self.env.positionals(arguments[count:])

    def _read_in(self, words: list[Word]) -> None:
        """`read NAME`: what the variable holds from now on comes from outside the file."""
        for word in words:
            if _VARIABLE.match(word.known or ""):
                self.env.values.pop(word.known or "", None)


def _bounded(value: Value) -> Value:
    """The value; one that grows without end (a script that doubles it again and again) cannot be
    told."""
    if isinstance(value, Text):
        if len(value.text) <= _LONGEST:
            return value
        return Text(TAIL, (-1,), ".")
    if len(value) <= _MOST:
        return value
    return (Word(Text(TAIL, (-1,), "."), tail=True, sure=True),)


def _exits(body: Node, source: Text) -> bool:
    """Whether a function always ends the script: its last statement is exit."""
    kids = list(statements(body))
    last = kids[-1] if kids else None
    if last and last.type == "command":
        text = source.text[last.start_byte : last.end_byte]
    else:
        text = ""
    return text.split()[:1] == ["exit"]

"""Shell statements: conditions, cases and loops as branches of which one is taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.runtime.patterns import pattern
from policylint.scan.shells.commands import Commands
from policylint.scan.shells.env import Env
from policylint.scan.shells.syntax import find, statements
from policylint.scan.texts.text import EMPTY, HOLE, Text, Word

if TYPE_CHECKING:
    from tree_sitter import Node

_LOOPS = 8
"""How many words a loop is gone through for; beyond, its variable cannot be told."""
_LOST = pattern(
    r"^[ \t]*(?:[@-]|sudo\s+|if\s+!?\s*|!\s*)*(?:helm|helmfile)[ \t]+[a-z-].*(?:\\\n.*)*",
    re.MULTILINE,
)


class Statements(Commands):
    """One text being read in one environment: a method `_on_<type>` for each type of node that
    matters."""

    def _on_subshell(self, node: Node) -> None:
        self.branch().block(statements(node))

    def _on_function_definition(self, node: Node) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.shell.define(self.expander.raw(name).text, body, self.text)

    def _on_declaration_command(self, node: Node) -> None:
        keyword = self.text.text[node.start_byte : node.end_byte].split(None, 1)[0]
        refers = any(
            child.type == "word" and self.expander.raw(child).text == "-n"
            for child in statements(node)
        )
        for child in statements(node):
            if child.type == "variable_assignment":
                self._on_variable_assignment(child)
                if refers and child.named_children:  # a name reference: another variable's value
                    self.env.values.pop(self.expander.raw(child.named_children[0]).text, None)
            elif child.type == "variable_name" and keyword in ("local", "declare", "typeset"):
                self.env.values.setdefault(self.expander.raw(child).text, EMPTY)
            else:
                self._nested(child)

    def _on_unset_command(self, node: Node) -> None:
        for child in find(node, "variable_name", "word"):
            self.env.values[self.expander.raw(child).text] = EMPTY

    def _on_test_command(self, node: Node) -> None:
        self._nested(node)

    def _on_if_statement(self, node: Node) -> None:
        branches: list[Env] = []
        otherwise = self._clause(node, branches)
        self.env.become([*branches, *([] if otherwise else [self.env.copy()])])

    def _clause(self, node: Node, branches: list[Env]) -> bool:
        """An if or elif: its condition always runs, its body is a branch; whether there is an
        else."""
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

    def _on_case_statement(self, node: Node) -> None:
        branches: list[Env] = []
        every = False
        for child in node.children:
            if child.type == "case_item":
                values = child.children_by_field_name("value")
                every = every or any(self.expander.raw(value).text == "*" for value in values)
                item = self.branch()
                item.block(part for part in statements(child) if part not in values)
                branches.append(item.env)
            elif child.is_named:
                self._nested(child)
        self.env.become([*branches, *([] if every and branches else [self.env.copy()])])

    def _on_while_statement(self, node: Node) -> None:
        self._repeat(list(statements(node)))

    def _on_c_style_for_statement(self, node: Node) -> None:
        self._repeat(
            [
                child
                for child in statements(node)
                if child.type in ("do_group", "compound_statement")
            ]
        )

    def _repeat(self, nodes: list[Node]) -> None:
        inner = self.branch()
        inner.block(nodes)
        inner.env.stopped = False
        self.env.become([self.env.copy(), inner.env])

    def _on_for_statement(self, node: Node) -> None:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        name = self.expander.raw(variable).text if variable else ""
        values = node.children_by_field_name("value")
        words = [word for value in values for word in self.expander.words(value)]
        nodes = [body] if body else []
        if words and len(words) <= _LOOPS and all(_is_literal(word) for word in words):
            for word in words:
                self.env.values[name] = word.text
                self.block(nodes)
            return
        inner = self.branch()
        inner.env.values[name] = Text(HOLE, (-1,), ".")
        inner.block(nodes)
        inner.env.stopped = False  # an exit in a loop that may run for no word ends nothing here
        self.env.become([self.env.copy(), inner.env])

    def _on_list(self, node: Node) -> None:
        left, *rest = [child for child in node.named_children if child.type != "comment"]
        self.block([left])
        for child in rest:
            right = self.branch()
            right.block([child])
            self.env.become([self.env.copy(), right.env])

    def _on_error(self, node: Node) -> None:
        """A part that is no shell: what parses is read, then each line that begins with helm
        alone."""
        before = len(self.shell.runs)
        self.block(statements(node))
        seen = {run.site for run in self.shell.runs[before:]}
        for match in _LOST.finditer(self.text.text, node.start_byte, node.end_byte):
            part = self.text.slice(match.start(), match.end())
            if not any(site in seen for site in part.at) and match.group() != self.text.text:
                self.script(part, self.env.copy())


def _is_literal(word: Word) -> bool:
    """Whether it is known and stands for itself, and not for the files whose names match it."""
    return bool(word.known) and not any(char in word.text.text for char in "*?{")

"""What a Go template prints: text/template/exec.go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from policylint.scan.gitops.gotemplates.functions import Functions, called
from policylint.scan.gitops.gotemplates.model import (
    Action,
    Branch,
    Call,
    Chain,
    Dot,
    Leave,
    Literal,
    MissingKeyError,
    Name,
    Pipeline,
    Template,
    TemplateError,
    Text,
    Variable,
)
from policylint.scan.gitops.gotemplates.values import (
    MISSING,
    Withheld,
    go_type,
    has_no_order,
    is_true,
    shown,
)

_MOST_STEPS = 200_000
_MOST_CALLS = 50
_NO_VALUE = "<no value>"
_LAZY = {"and": False, "or": True}
"""Functions that evaluate no argument after the first of this truth."""


class _Left(Exception):  # noqa: N818 - how a loop is left, and no error
    """`break` or `continue`."""


def executed(
    template: Template,
    data: Any,
    functions: Functions,
    unknown: Mapping[str, str],
    *,
    is_strict: bool,
) -> str:
    """What a template prints. `unknown` are functions that exist and are not evaluated here, each
    with why; `is_strict` is the option missingkey=error. Raises TemplateError."""
    run = _Run(template, functions, unknown, is_strict)
    run.call(template.nodes, data)
    return "".join(run.printed)


class _Run:
    def __init__(
        self, template: Template, functions: Functions, unknown: Mapping[str, str], is_strict: bool
    ) -> None:
        self.printed: list[str] = []
        self._defined = template.defined
        self._functions = functions
        self._unknown = unknown
        self._is_strict = is_strict
        self._variables: list[tuple[str, Any]] = []
        self._steps = 0
        self._calls = 0

    def call(self, nodes: tuple[Any, ...], data: Any) -> None:
        """Execute a template with variables of its own."""
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise TemplateError("templates that call each other too deeply")
        outer, self._variables = self._variables, [("$", data)]
        self._nodes(nodes, data)
        self._variables = outer
        self._calls -= 1

    def _nodes(self, nodes: tuple[Any, ...], dot: Any) -> None:
        for node in nodes:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                raise TemplateError("a template that does more than is evaluated here")
            self._node(node, dot)

    def _node(self, node: Any, dot: Any) -> None:
        match node:
            case Text(text):
                self.printed.append(text)
            case Action(pipeline):
                result = self._pipeline(pipeline, dot)
                if not pipeline.variables:
                    self.printed.append(_NO_VALUE if result is MISSING else shown(result))
            case Branch(word):
                self._scoped(self._range if word == "range" else self._choice, node, dot)
            case Call(name, pipeline):
                self._template(name, pipeline, dot)
            case Leave(word):
                raise _Left(word)

    def _scoped(self, run: Callable[[Branch, Any], None], branch: Branch, dot: Any) -> None:
        """Run a block whose variables end with it."""
        depth = len(self._variables)
        run(branch, dot)
        del self._variables[depth:]

    def _choice(self, branch: Branch, dot: Any) -> None:
        result = self._pipeline(branch.pipeline, dot)
        if not is_true(result):
            self._nodes(branch.otherwise, dot)
        elif branch.word == "with":
            self._nodes(branch.body, result)
        else:
            self._nodes(branch.body, dot)

    def _template(self, name: str, pipeline: Pipeline | None, dot: Any) -> None:
        if name not in self._defined:
            raise TemplateError(f"the template {name} is not defined")
        data = MISSING if pipeline is None else self._pipeline(pipeline, dot)
        self.call(self._defined[name], data)

    def _range(self, branch: Branch, dot: Any) -> None:
        value = self._pipeline(branch.pipeline, dot, declares=False)
        if isinstance(value, int) and len(branch.pipeline.variables) > 1:
            raise TemplateError("range over a number with two variables")
        entries = _entries(value)
        depth = len(self._variables)
        for key, entry in entries:
            self._take(branch.pipeline, key, entry)
            try:
                self._nodes(branch.body, entry)
            except _Left as left:
                if str(left) == "break":
                    break
            finally:
                del self._variables[depth:]
        if not entries:
            self._nodes(branch.otherwise, dot)

    def _take(self, pipeline: Pipeline, key: Any, entry: Any) -> None:
        """Give the variables of a range what they stand for in this turn."""
        names = pipeline.variables
        values = (key, entry) if len(names) > 1 else (entry,)
        for name, value in zip(names, values, strict=False):
            self._give(name, value, pipeline.declares)

    def _give(self, name: str, value: Any, declares: bool) -> None:
        if declares:
            self._variables.append((name, value))
            return
        for at in reversed(range(len(self._variables))):
            if self._variables[at][0] == name:
                self._variables[at] = (name, value)
                return
        raise TemplateError(f"the variable {name} is not defined")

    def _pipeline(self, pipeline: Pipeline, dot: Any, *, declares: bool = True) -> Any:
        result: Any = MISSING
        for number, command in enumerate(pipeline.commands):
            piped = [result] if number else []
            result = self._command(command.words, piped, dot)
            if result is None:
                result = MISSING
        for name in pipeline.variables if declares else ():
            self._give(name, result, pipeline.declares)
        return result

    def _command(self, words: tuple[Any, ...], piped: list[Any], dot: Any) -> Any:
        head, *rest = words
        if isinstance(head, Name):
            return self._function(head.name, rest, piped, dot)
        if rest or piped:
            raise TemplateError("a template that gives arguments to what is no function")
        if isinstance(head, Literal) and head.value is None:
            raise TemplateError("a template whose command is nil")
        return self._operand(head, dot)

    def _function(self, name: str, words: list[Any], piped: list[Any], dot: Any) -> Any:
        if name in _LAZY:
            return self._lazy(name, words, piped, dot)
        function = self._functions.get(name)
        if function is None:
            why = self._unknown.get(name, "is no function of these templates")
            raise TemplateError(f"the function {name} {why}")
        arguments = [self._operand(word, dot) for word in words]
        constants = [isinstance(word, Literal) for word in words] + [False] * len(piped)
        return called(name, function, arguments + piped, constants)

    def _lazy(self, name: str, words: list[Any], piped: list[Any], dot: Any) -> Any:
        if not words and not piped:
            raise TemplateError(f"{name} without an argument")
        result: Any = MISSING
        for word in words:
            result = self._operand(word, dot)
            if is_true(result) is _LAZY[name]:
                return result
        return piped[0] if piped else result

    def _operand(self, node: Any, dot: Any) -> Any:
        match node:
            case Literal(value):
                return value
            case Dot():
                return dot
            case Variable(name):
                return self._variable(name)
            case Name(name):
                return self._function(name, [], [], dot)
            case Chain(operand, fields):
                return self._chain(self._operand(operand, dot), fields)
            case _:
                return self._pipeline(node, dot)

    def _variable(self, name: str) -> Any:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise TemplateError(f"the variable {name} is not defined")

    def _chain(self, value: Any, fields: tuple[str, ...]) -> Any:
        for field in fields:
            if isinstance(value, dict) and field in value:
                value = value[field]
            elif isinstance(value, dict) or value is MISSING:
                if self._is_strict:
                    raise MissingKeyError(f"there is no .{field}, which missingkey=error refuses")
                value = MISSING
            elif isinstance(value, Withheld):
                break
            else:
                raise MissingKeyError(f"there is no field {field} of {go_type(value)}")
        if isinstance(value, Withheld):
            raise TemplateError(f"{value.why} is not known")
        return value


def _entries(value: Any) -> list[tuple[Any, Any]]:
    """What `range` goes over, by keys."""
    if has_no_order(value):
        raise TemplateError("range over the keys of a map, which come in no order")
    if value is MISSING:
        return []
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, list):
        return list(enumerate(value))
    if go_type(value) in ("int", "int64") and value <= _MOST_STEPS:
        return [(number, number) for number in range(value)]
    raise TemplateError(f"range over {go_type(value)}")

"""What a Go template is made of: the nodes of text/template/parse, as far as they are needed."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class TemplateError(Exception):
    """A template that is not known here, or that Go refuses."""


class MissingKeyError(TemplateError):
    """A key that is not there, where the template may not ask for such."""


class Literal(Struct, frozen=True):
    """A string, number or boolean, or nil (None)."""

    value: Any


class Dot(Struct, frozen=True):
    """`.`."""


class Name(Struct, frozen=True):
    """The name of a function."""

    name: str


class Variable(Struct, frozen=True):
    """`$name`; `$` is the data of the template."""

    name: str


class Chain(Struct, frozen=True):
    """Fields of an operand: `.a.b`, `$x.a`, `(pipeline).a`, `function.a`."""

    operand: Any
    fields: tuple[str, ...]


class Command(Struct, frozen=True):
    """A function with its arguments, or an operand alone."""

    words: tuple[Any, ...]


class Pipeline(Struct, frozen=True):
    """Commands, each handed the result of the one before it; `variables` take the last result."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    declares: bool = False


class Text(Struct, frozen=True):
    """What stands between actions."""

    text: str


class Action(Struct, frozen=True):
    """A pipeline whose result is printed, unless a variable takes it."""

    pipeline: Pipeline


class Branch(Struct, frozen=True):
    """`if`, `with` or `range`."""

    word: str
    pipeline: Pipeline
    body: tuple[Any, ...]
    otherwise: tuple[Any, ...] = ()


class Call(Struct, frozen=True):
    """`template`, with the pipeline that makes its data."""

    name: str
    pipeline: Pipeline | None = None


class Leave(Struct, frozen=True):
    """`break` or `continue`."""

    word: str


class Template(Struct, frozen=True):
    """The nodes of a text, and those of the templates that it defines."""

    nodes: tuple[Any, ...]
    defined: dict[str, tuple[Any, ...]]

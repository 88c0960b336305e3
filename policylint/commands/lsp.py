"""`policylint lsp`: the language server, which tells an editor what `editing` finds.

Source: Language Server Protocol 3.17; positions are lines from 0 and UTF-16 code units.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from policylint.commands import editing
from policylint.commands.editing import PlacedFinding
from policylint.model import Edit, Fix, Grade, Severity
from policylint.report.model import PAGES
from policylint.version import __version__

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.NOTE: types.DiagnosticSeverity.Information,
}
_UNITS = "utf-16-le"

server = LanguageServer("policylint", __version__)


def serve() -> None:
    """Speak the protocol on standard input and output until the editor hangs up."""
    server.start_io()


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def opened(params: types.DidOpenTextDocumentParams) -> None:
    """A text is shown."""
    _publish(params.text_document.uri)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def changed(params: types.DidChangeTextDocumentParams) -> None:
    """A text is typed."""
    _publish(params.text_document.uri)


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
def closed(params: types.DidCloseTextDocumentParams) -> None:
    """A text is put away: nothing is said of it any more."""
    server.text_document_publish_diagnostics(
        types.PublishDiagnosticsParams(params.text_document.uri, [])
    )


@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(params: types.HoverParams) -> types.Hover | None:
    """The pages of the rules that found something on the line, and what its value reaches."""
    uri, line = params.text_document.uri, params.position.line + 1
    rules = dict.fromkeys(
        placed.finding.rule for placed in _placed_findings(uri) if placed.line == line
    )
    path, text, root = _document(uri)
    parts = [editing.told_of_value(path, text, line, root), *map(editing.page, rules)]
    words = "\n\n---\n\n".join(filter(None, parts))
    if not words:
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, words))


@server.feature(
    types.TEXT_DOCUMENT_CODE_ACTION,
    types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
)
def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
    """The fixes of findings on these lines that change nothing but this text."""
    uri = params.text_document.uri
    lines = range(params.range.start.line + 1, params.range.end.line + 2)
    text = _document(uri)[1]
    return [
        _action(placed, fix, uri, text)
        for placed in _placed_findings(uri)
        if placed.line in lines
        for fix in placed.fixes
    ]


def _publish(uri: str) -> None:
    text = _document(uri)[1].splitlines()
    diagnostics = [_diagnostic(placed, text) for placed in _placed_findings(uri)]
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics))


def _document(uri: str) -> tuple[Path, str, Path]:
    """(path, text as it is typed, the workspace's root) of a text."""
    path = Path(to_fs_path(uri) or uri)
    root = server.workspace.root_path
    return path, server.workspace.get_text_document(uri).source, Path(root or path.parent)


def _placed_findings(uri: str) -> list[PlacedFinding]:
    return editing.placed_findings(*_document(uri))


def _diagnostic(placed: PlacedFinding, lines: list[str]) -> types.Diagnostic:
    finding = placed.finding
    words = [finding.message, finding.because, *(fix.title for fix in finding.fixes[:1])]
    return types.Diagnostic(
        range=_line(placed.line, lines),
        message="\n".join(filter(None, words)),
        severity=_SEVERITIES[finding.severity],
        code=finding.rule,
        code_description=types.CodeDescription(f"{PAGES}#{finding.rule}"),
        source="policylint",
    )


def _line(number: int, lines: list[str]) -> types.Range:
    text = lines[number - 1] if number <= len(lines) else ""
    start = len(text) - len(text.lstrip())
    return types.Range(
        types.Position(number - 1, _length(text[:start])), types.Position(number - 1, _length(text))
    )


def _action(placed: PlacedFinding, fix: Fix, uri: str, text: str) -> types.CodeAction:
    return types.CodeAction(
        title=f"{fix.title} ({placed.finding.rule})",
        kind=types.CodeActionKind.QuickFix,
        is_preferred=fix.grade is Grade.SAFE,
        edit=types.WorkspaceEdit(changes={uri: list(_edits(fix.edits, text.encode()))}),
    )


def _edits(edits: tuple[Edit, ...], data: bytes) -> Iterator[types.TextEdit]:
    for edit in edits:
        start, end = _position(data, edit.start), _position(data, edit.end)
        yield types.TextEdit(types.Range(start, end), edit.text)


def _position(data: bytes, offset: int) -> types.Position:
    """The position of a byte of a text."""
    before = data[:offset].decode("utf-8", "replace")
    return types.Position(before.count("\n"), _length(before.rpartition("\n")[2]))


def _length(text: str) -> int:
    return len(text.encode(_UNITS)) // 2

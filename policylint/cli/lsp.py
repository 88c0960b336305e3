"""`policylint lsp`: findings, pages and fixes in an editor, while one types."""

import importlib
from typing import Annotated

from policylint.cli.parameters import option
from policylint.errors import UsageError


def command(
    _stdio: Annotated[
        bool, option("--stdio", help="What it does anyway: VS Code gives this to every server.")
    ] = False,
) -> int:
    """Run the language server on standard input and output, for editors.

    It needs one more library: pip install 'policylint[lsp]'.
    """
    try:
        server = importlib.import_module("policylint.commands.lsp")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise UsageError(
            "the language server needs pygls, which is not installed",
            remedy="pip install 'policylint[lsp]'",
        ) from None
    server.serve()
    return 0

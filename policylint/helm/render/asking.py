"""Which charts ask what only a cluster can tell, found without rendering."""

from __future__ import annotations

from policylint.helm.inputs.sides import ChartSide
from policylint.helm.render.double import contents_of, in_an_action
from policylint.runtime.patterns import pattern

_QUESTION = pattern(
    rb"(?<![\w.$\"-])lookup(?![\w\"-])"
    rb"|\.Revision\b|\.IsInstall\b|\.IsUpgrade\b|\.APIVersions\b"
    rb"|\.(?:Capabilities|Release)(?![\w.])"
)
"""What in an action asks a cluster; `.Release` and `.Capabilities` alone may be taken apart later
on."""


def asks_of_cluster(side: ChartSide) -> bool:
    """Whether a template (or a value that `tpl` may run) asks what only a cluster can tell.

    True where the chart is not at hand (a reference that helm pulls).
    """
    return any(in_an_action(content, _QUESTION) for content in contents_of(side))

"""`policylint merge`: the reports of all shards as the report of one run."""

from __future__ import annotations

from collections.abc import Sequence

from policylint.errors import PolicylintError
from policylint.helm.inputs.workspace import Workspace
from policylint.pipeline.configuration.settings import load_config
from policylint.pipeline.load import plans
from policylint.pipeline.many.shards import merged, rows_of
from policylint.pipeline.whole import unloaded, whole
from policylint.report.model import Report
from policylint.runtime.deadline import Deadline


def merge(files: Sequence[str]) -> Report:
    """What one run over all releases would have reported. Raises `UsageError` for reports that are
    not those of all shards of one run, and where this is not the checkout that they judged."""
    shards = merged(files)
    options = shards.options
    config = load_config(options)
    deadline = Deadline(options.time_limit)
    with Workspace() as workspace:
        try:
            loaded = plans(options, config, workspace)
        except PolicylintError as error:
            return unloaded(error, options)
        return whole(loaded, rows_of(shards, loaded), options, deadline)

"""The gate: the configuration that judges. It belongs to the base.

In the CI job of a pull request, rules, severities, levels, strictness, assumed modes and extra
CRDs are those of the base; what the pull request changes there is told, and holds from the next
change on. On a laptop the work tree counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import Config, Environment, Release
from policylint.errors import PolicylintError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources import ci
from policylint.pipeline.configuration.settings import nearest_source, with_shared
from policylint.report.gate import GateChanges
from policylint.report.model import Configuration

if TYPE_CHECKING:
    from policylint.pipeline.configuration.base import Base

_REQUEST = "pull request"


class Gate(Struct, frozen=True):
    """What judges: a configuration, where it is from, and what the change would do to it."""

    config: Config
    base: Base | None = None
    judge: Config | None = None
    """The configuration of another revision that judges; None where the work tree's does."""
    changes: GateChanges = GateChanges()
    source: Configuration = Configuration()
    """Whose configuration judges, for the report."""
    earlier: Mapping[tuple[str, str, str], Release] = {}
    """The releases of the judging configuration, by namespace, name and environment now."""

    @property
    def is_base(self) -> bool:
        """Whether the configuration of another revision judges, not the work tree's."""
        return self.judge is not None

    def release(self, declared: Release) -> Release:
        """A release with the modes that are assumed of it as the gate has them."""
        own = self.earlier.get((declared.namespace, declared.name, declared.environment))
        if own is None:
            nothing = Release("", "")  # what a change says of its own release does not judge it
            if self.is_base:
                return replace(declared, **_levels_of(nothing))
            return declared
        if own.environment != declared.environment:
            own = _with_environment(own, self.config.environments.get(own.environment))
        return replace(
            declared,
            values_mode=own.values_mode,
            kubernetes=own.kubernetes,
            helm=own.helm,
            apply=own.apply,
            api_versions=own.api_versions,
            **_levels_of(own),
        )


def _with_environment(release: Release, environment: Environment | None) -> Release:
    """A release with what holds in the environment that a change takes it out of."""
    if environment is None:
        return release
    return replace(
        release,
        kubernetes=release.kubernetes or environment.kubernetes,
        helm=release.helm or environment.helm,
        apply=release.apply or environment.apply,
        api_versions=(*release.api_versions, *environment.api_versions),
        rules={**environment.rules, **release.rules},
        level=release.level or environment.level,
        fail_on=release.fail_on or environment.fail_on,
    )


def _levels_of(release: Release) -> dict[str, Any]:
    return {"rules": release.rules, "level": release.level, "fail_on": release.fail_on}


def gate_of(options: Options, config: Config, workspace: Workspace) -> Gate:
    """The gate of a run, with the base that its releases are compared with. Raises SourceError
    where the base of a pull request cannot be told."""
    gate = judge_of(options, config, workspace)
    if options.after or options.rollback:
        return gate
    if gate.source.by == _REQUEST and not options.before:
        return gate
    from policylint.pipeline.configuration.base import base_of  # what is named by hand needs none

    return replace(gate, base=base_of(options, config))


def judge_of(options: Options, config: Config, workspace: Workspace) -> Gate:
    """The gate of a run; in a pull request its base too. Raises SourceError where that cannot be
    told, UsageError for `--config-from` without a revision."""
    by, base = _judge(options, config)
    source = replace(nearest_source(config), by=by)
    if base is None:
        return Gate(config, changes=_own_changes(options, config), source=source)
    from policylint.pipeline.configuration import basegate  # few runs need it
    from policylint.pipeline.configuration.base import pairs_of

    own = with_shared(base.config or Config())
    base = replace(base, config=own if base.config else None)
    changes = (
        *basegate.gate_changes(config, own),
        *basegate.content_changes(options, base, workspace),
    )
    source = replace(source, file=own.file, revision=base.revision.label)
    return Gate(
        basegate.judging_config(config, base, workspace),
        base,
        own,
        GateChanges(changes, base.revision.label, config.file or own.file),
        source,
        {pair.key: pair.before for pair in pairs_of(own.releases, config.releases) if pair.before},
    )


def judging_base(options: Options, config: Config) -> Base | None:
    """The revision whose configuration judges, without what it extends of shared packs; None for
    the work tree."""
    return _judge(options, config)[1]


def judged_options(options: Options, gate: Gate, workspace: Workspace) -> Options:
    """The options with the files that belong to the gate as the judging revision has them."""
    if gate.base is None or not gate.is_base:
        return options
    from policylint.pipeline.configuration.basegate import options_at_base

    return options_at_base(options, gate.base, workspace)


def _judge(options: Options, config: Config) -> tuple[str, Base | None]:
    """(why, the revision whose configuration judges), None for the work tree."""
    if options.config and not options.config_from:
        return "--config", None
    if not options.config_from and not ci.is_pull_request():
        return "", None
    from policylint.pipeline.configuration.base import base_named, base_of_request

    if options.config_from:
        return "--config-from", base_named(options.config_from, config)
    base = base_of_request(options, config)
    if base is None:
        return "", None
    return _REQUEST, base


def _own_changes(options: Options, config: Config) -> GateChanges:
    """What a pull request changes of a file that `--config` names, and that judges all the
    same."""
    if not options.config or not ci.is_pull_request():
        return GateChanges()
    from policylint.pipeline.configuration.base import base_of
    from policylint.pipeline.configuration.basegate import gate_changes

    try:
        base = base_of(replace(options, before=""), config)
        if base and base.config:
            own = with_shared(base.config)
        else:
            own = None
    except PolicylintError:
        return GateChanges()  # the base is not needed for the verdict
    if own is None:
        return GateChanges()
    return GateChanges(tuple(gate_changes(config, own)), "", config.file)

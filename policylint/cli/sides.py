"""The options that `check` and `diff` share: the two sides and how they are rendered, with Helm's own names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer
from msgspec.structs import replace

from policylint.model import Apply
from policylint.options import Options
from policylint.sources.sides import ValuesInput

Words = list[str]


def values_given(
    values: Annotated[Words | None, typer.Option("--values", "-f", help="A values file; may be given often.")] = None,
    set_: Annotated[Words | None, typer.Option("--set")] = None,
    set_string: Annotated[Words | None, typer.Option("--set-string")] = None,
    set_json: Annotated[Words | None, typer.Option("--set-json")] = None,
    set_file: Annotated[Words | None, typer.Option("--set-file")] = None,
    set_literal: Annotated[Words | None, typer.Option("--set-literal")] = None,
) -> ValuesInput:
    """The values of the command line, by Helm's flags."""
    return ValuesInput(*(words(each) for each in (values, set_, set_string, set_json, set_file, set_literal)))


def sides(
    context: typer.Context,
    chart: Annotated[str, typer.Argument(help="The after side: a chart or any SIDE; none: the configuration.")] = "",
    before: Annotated[str, typer.Option(help="The before side: git:REV, a chart, manifests, release:NS/NAME, -.")] = "",
    release: Annotated[str, typer.Option("--release", help="The release's name.")] = "",
    namespace: Annotated[str, typer.Option("--namespace", "-n")] = "",
    version: Annotated[str, typer.Option("--version", help="The chart's version.")] = "",
    repo: Annotated[str, typer.Option("--repo")] = "",
    kube_version: Annotated[str, typer.Option("--kube-version", help="The cluster's Kubernetes version.")] = "",
    api_versions: Annotated[Words | None, typer.Option("--api-versions", "-a")] = None,
    include_crds: Annotated[bool, typer.Option("--include-crds")] = False,
    post_renderer: Annotated[str, typer.Option("--post-renderer", help="Never run: makes the verdict unknown.")] = "",
    helm: Annotated[str, typer.Option("--helm", help="The helm binary, or `embedded`.")] = "",
    helm_version: Annotated[str, typer.Option("--helm-version", help="3 or 4: how the update is sent.")] = "",
    apply: Annotated[Apply | None, typer.Option("--apply", help="How the update is sent, over --helm-version.")] = None,
    force: Annotated[bool, typer.Option("--force", "--force-replace")] = False,
    values_mode: Annotated[str, typer.Option("--values-mode", help="reset, reuse, reset-then-reuse or default.")] = "",
    live: Annotated[Words | None, typer.Option("--live", help="Live objects: a file, a directory or -.")] = None,
    crds: Annotated[
        Words | None, typer.Option("--crds", help="CustomResourceDefinitions: a file or directory.")
    ] = None,
    env: Annotated[str, typer.Option("--env", help="The environment, such as production.")] = "",
    config: Annotated[str, typer.Option("--config", help="The configuration file.")] = "",
) -> Options:
    """The shared options as one value."""
    return Options(
        after=chart,
        before=before,
        release=release,
        namespace=namespace,
        version=version,
        repo=repo,
        kube_version=kube_version,
        api_versions=words(api_versions),
        include_crds=include_crds,
        post_renderer=post_renderer,
        helm=helm,
        helm_version=helm_version,
        apply=apply,
        force=force,
        values_mode=values_mode,
        live=words(live),
        crds=words(crds),
        environment=env,
        config=config,
        changed_files=tuple(context.args),
        command=context.obj["command"],
    )


def words(given: Words | None) -> tuple[str, ...]:
    """What a repeatable option holds."""
    return tuple(given or ())


def with_sides(function: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter is the shared options: gives it their parameters before its own."""
    shared, values = inspect.signature(sides).parameters, inspect.signature(values_given).parameters
    mine = list(inspect.signature(function).parameters.values())[1:]

    @wraps(function)
    def command(**given: Any) -> None:
        options = sides(**{name: given.pop(name) for name in shared})
        files_and_sets = values_given(**{name: given.pop(name) for name in values})
        function(replace(options, values=files_and_sets), **given)

    parameters = [*shared.values(), *values.values(), *mine]
    hints: dict[str, Any] = {}
    for source in (sides, values_given, function):
        hints |= get_type_hints(source, include_extras=True)
    keyword = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
        for parameter in parameters
    ]
    command.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]  # what inspect looks for first
    return command

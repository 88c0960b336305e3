"""`policylint check`: judge an upgrade before it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from policylint.cli.common import check_formats, emit
from policylint.model import Apply, Category, Severity

Words = list[str]


def command(
    context: typer.Context,
    chart: Annotated[
        str, typer.Argument(help="The after side: a chart, or any SIDE; none checks the configuration.")
    ] = "",
    before: Annotated[str, typer.Option(help="The before side: git:REV, a chart, manifests, release:NS/NAME, -.")] = "",
    release: Annotated[str, typer.Option("--release", help="The release's name.")] = "",
    namespace: Annotated[str, typer.Option("--namespace", "-n")] = "",
    values: Annotated[Words | None, typer.Option("--values", "-f", help="A values file; may be given often.")] = None,
    set_: Annotated[Words | None, typer.Option("--set")] = None,
    set_string: Annotated[Words | None, typer.Option("--set-string")] = None,
    set_json: Annotated[Words | None, typer.Option("--set-json")] = None,
    set_file: Annotated[Words | None, typer.Option("--set-file")] = None,
    set_literal: Annotated[Words | None, typer.Option("--set-literal")] = None,
    version: Annotated[str, typer.Option("--version", help="The chart's version.")] = "",
    repo: Annotated[str, typer.Option("--repo")] = "",
    kube_version: Annotated[str, typer.Option("--kube-version", help="The cluster's Kubernetes version.")] = "",
    api_versions: Annotated[Words | None, typer.Option("--api-versions", "-a")] = None,
    include_crds: Annotated[bool, typer.Option("--include-crds")] = False,
    post_renderer: Annotated[str, typer.Option("--post-renderer", help="Never run: makes the verdict unknown.")] = "",
    helm: Annotated[str, typer.Option("--helm", help="The helm binary, or `embedded`.")] = "",
    helm_version: Annotated[str, typer.Option("--helm-version", help="3 or 4: how the update is sent.")] = "",
    apply: Annotated[Apply | None, typer.Option("--apply")] = None,
    force: Annotated[bool, typer.Option("--force", "--force-replace")] = False,
    values_mode: Annotated[str, typer.Option("--values-mode", help="reset, reuse, reset-then-reuse or default.")] = "",
    rollback: Annotated[str, typer.Option("--rollback", help="Check the rollback to this revision.")] = "",
    live: Annotated[Words | None, typer.Option("--live", help="Live objects: a file, a directory or -.")] = None,
    crds: Annotated[
        Words | None, typer.Option("--crds", help="CustomResourceDefinitions: a file or directory.")
    ] = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only releases that the changed FILES touch.")] = False,
    select: Annotated[Words | None, typer.Option("--select", help="Rule ids, packs or categories.")] = None,
    ignore: Annotated[Words | None, typer.Option("--ignore", help="Rule ids, packs or categories.")] = None,
    level: Annotated[Category | None, typer.Option("--level", help="This category and the harder ones.")] = None,
    env: Annotated[str, typer.Option("--env", help="The environment, such as production.")] = "",
    fail_on: Annotated[Severity | None, typer.Option("--fail-on")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="What depends on live state makes the verdict unknown.")
    ] = False,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="An after side with no resource is fine.")] = False,
    format_: Annotated[
        Words | None, typer.Option("--format", help="text or json, FORMAT=FILE; may be given often.")
    ] = None,
    config: Annotated[str, typer.Option("--config", help="The configuration file.")] = "",
    timeout: Annotated[float, typer.Option("--render-timeout", help="Seconds a render may take.")] = 120.0,
) -> None:
    """Judge an upgrade before it runs.

    `policylint check CHART -f values.yaml --before git:main`, or `policylint check -- helm upgrade ...`.
    """
    from policylint.options import Options
    from policylint.pipeline import check
    from policylint.sources.sides import ValuesInput

    def words(given: Words | None) -> tuple[str, ...]:
        return tuple(given or ())

    check_formats(words(format_))
    options = Options(
        after="" if changed else chart,
        before=before,
        release=release,
        namespace=namespace,
        values=ValuesInput(
            words(values), words(set_), words(set_string), words(set_json), words(set_file), words(set_literal)
        ),
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
        rollback=rollback,
        live=words(live),
        crds=words(crds),
        select=words(select),
        ignore=words(ignore),
        level=level,
        environment=env,
        fail_on=fail_on,
        strict=strict,
        allow_empty=allow_empty,
        changed=changed,
        changed_files=(chart, *context.args) if changed and chart else tuple(context.args),
        command=context.obj["command"],
        config=config,
        timeout=timeout,
    )
    raise typer.Exit(emit(check(options), words(format_)))


SETTINGS = {"context_settings": {"allow_extra_args": True}}

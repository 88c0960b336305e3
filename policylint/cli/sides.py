"""The options that `check` and `diff` share: the two sides and how they are rendered, with Helm's
own names."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, TypeVar

from msgspec.structs import replace

from policylint.cli.parameters import Words, argument, option, parameters, words
from policylint.errors import UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ValuesInput
from policylint.model import Apply

Result = TypeVar("Result")
"""What a command gives: an exit code or a report."""


def values_flags(
    values: Annotated[
        Words | None, option("--values", "-f", help="A values file; may be given often.")
    ] = None,
    set_: Annotated[
        Words | None, option("--set", help="KEY=VALUE over the files: image.tag=1.2.")
    ] = None,
    set_string: Annotated[
        Words | None, option("--set-string", help="The same, always as text.")
    ] = None,
    set_json: Annotated[
        Words | None, option("--set-json", help="KEY=JSON: ports=[80,443].")
    ] = None,
    set_file: Annotated[
        Words | None, option("--set-file", help="KEY=FILE whose content it is.")
    ] = None,
    set_literal: Annotated[
        Words | None, option("--set-literal", help="KEY=TEXT, letter by letter.")
    ] = None,
) -> ValuesInput:
    """The values of the command line, by Helm's flags."""
    return ValuesInput(*map(words, (values, set_, set_string, set_json, set_file, set_literal)))


def sides(
    named: Annotated[
        Words | None,
        argument(
            "The after side: a chart or any SIDE; none: the configuration. FILES with --changed."
        ),
    ] = None,
    before: Annotated[
        str, option("--before", help="The before side: git:REV or any other SIDE.")
    ] = "",
    release: Annotated[str, option("--release", help="The release's name.")] = "",
    namespace: Annotated[str, option("--namespace", "-n", help="The namespace: prod.")] = "",
    version: Annotated[str, option("--version", help="The chart's version.")] = "",
    repo: Annotated[str, option("--repo", help="The URL of the chart's repository.")] = "",
    kube_version: Annotated[
        str, option("--kube-version", help="The cluster's Kubernetes version.")
    ] = "",
    api_versions: Annotated[
        Words | None, option("--api-versions", "-a", help="An API the cluster has: batch/v1.")
    ] = None,
    include_crds: Annotated[bool, option("--include-crds", help="Render crds/ too.")] = False,
    skip_crds: Annotated[
        bool, option("--skip-crds", help="An installation leaves out crds/.")
    ] = False,
    post_renderer: Annotated[
        str, option("--post-renderer", help="Never run: makes the verdict unknown.")
    ] = "",
    helm: Annotated[str, option("--helm", help="The helm binary, or `embedded`.")] = "",
    helm_version: Annotated[
        str, option("--helm-version", help="3 or 4: how the update is sent.")
    ] = "",
    apply: Annotated[
        Apply | None, option("--apply", help="How the update is sent, over --helm-version.")
    ] = None,
    force: Annotated[
        bool, option("--force", "--force-replace", help="Replace, as helm --force does.")
    ] = False,
    force_conflicts: Annotated[
        bool, option("--force-conflicts", help="Server-side apply takes what others own.")
    ] = False,
    take_ownership: Annotated[
        bool, option("--take-ownership", help="Objects of nobody's release are taken over.")
    ] = False,
    values_mode: Annotated[
        str, option("--values-mode", help="reset, reuse, reset-then-reuse or default.")
    ] = "",
    live: Annotated[
        Words | None, option("--live", help="Live objects: a file, a directory or -.")
    ] = None,
    crds: Annotated[
        Words | None, option("--crds", help="CustomResourceDefinitions: a file or directory.")
    ] = None,
    env: Annotated[str, option("--env", help="The environment, such as production.")] = "",
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
    timeout: Annotated[
        float, option("--render-timeout", help="Seconds that one render may take.")
    ] = 120.0,
) -> Options:
    """The shared options as one value."""
    return Options(
        after=(named or [""])[0],
        before=before,
        release=release,
        namespace=namespace,
        version=version,
        repo=repo,
        kube_version=kube_version,
        api_versions=words(api_versions),
        include_crds=include_crds,
        skip_crds=skip_crds,
        post_renderer=post_renderer,
        helm=helm,
        helm_version=helm_version,
        apply=apply,
        force=force,
        force_conflicts=force_conflicts,
        take_ownership=take_ownership,
        values_mode=values_mode,
        live=words(live),
        crds=words(crds),
        environment=env,
        config=config,
        changed_files=tuple(named or ())[1:],
        timeout=timeout,
    )


def with_sides(function: Callable[..., Result]) -> Callable[..., Result]:
    """A command whose first parameter is the shared options: gives it their parameters before its
    own.

    `helm_command` are the words after `--`.
    """
    shared, values = parameters(sides), parameters(values_flags)

    @wraps(function)
    def command(*, helm_command: tuple[str, ...] = (), **arguments: Any) -> Result:
        options = sides(**{option.name: arguments.pop(option.name) for option in shared})
        flags = {option.name: arguments.pop(option.name) for option in values}
        options = replace(options, values=values_flags(**flags), command=helm_command)
        return function(options, **arguments)

    command.parameters = (*shared, *values, *parameters(function))  # type: ignore[attr-defined]  # read by parameters()
    return command


def single_side(options: Options) -> Options:
    """The options, refused where more than one side is named as the after side."""
    if options.changed_files:
        rest = " ".join(options.changed_files)
        raise UsageError(
            f"one chart at a time, and {options.after} is followed by: {rest}",
            remedy=(
                "give each chart its own run, or list releases in .policylint.yaml; FILES go "
                "with --changed"
            ),
        )
    return options

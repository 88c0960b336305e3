"""What the user named becomes two sides: SIDE syntax, and the before side that git knows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from policylint.errors import ReadError, SourceError, UsageError
from policylint.helm.inputs.sides import (
    UNNAMED,
    ChartSide,
    EmptySide,
    ManifestSide,
    Side,
    default_namespace,
)
from policylint.helm.inputs.workspace import Workspace, disk_error
from policylint.helm.sources.baseline import is_staged
from policylint.helm.sources.dependencies import trust
from policylint.helm.sources.git import Repository
from policylint.helm.sources.snapshot import Revision
from policylint.helm.sources.vendored import may_lack
from policylint.kyaml.load import has_content, load
from policylint.redaction.logins import without_logins
from policylint.runtime.patterns import pattern

_ARCHIVE = (".tgz", ".tar.gz")
_REFERENCE = pattern(r"oci://.+|https?://.+|[A-Za-z0-9][\w.-]*/[\w.-]+(@.+)?")
_VERSIONED = pattern(r"(?P<chart>oci://[^@]+/[^/:@]+)[:@].+|(?P<name>[^:@]+)@(?P<version>[^/@]+)")


def resolve_pair(
    before: str, chart: ChartSide, workspace: Workspace, *, default_branch: str = "", helm: str = ""
) -> tuple[Side, Side]:
    """(before, after) for SIDE `before` ("" for the default) and `chart.chart`, any SIDE too.

    `chart` carries the values and flags for sides that are charts; `helm` is --helm, for what has
    to be fetched. `is_upgrade` is off on both sides where the before side is empty. Raises
    SourceError, ReadError, UsageError.
    """
    workspace.sources = None
    chart = _with_streams(chart, workspace)
    if before == "git:":
        raise UsageError(
            "git: names no revision", remedy="write git:REVISION, such as git:main or git:HEAD~1"
        )
    if chart.chart.startswith("git:"):
        raise UsageError(
            f"{chart.chart} says when, not what",
            remedy="name the chart as it is now, and the revision as the before side:"
            f" CHART --before {chart.chart}",
        )
    if before == "-" and chart.chart == "-":
        raise UsageError(
            "both sides cannot come from standard input", remedy="give one of them as a file"
        )
    by_git = not before or before.startswith("git:")
    if by_git and (chart.chart == "-" or chart.chart.startswith("release:")):
        raise UsageError(
            f"git knows nothing of {chart.chart}",
            remedy="name the side to compare with: --before SIDE",
        )
    if not by_git:
        old = resolve(before, chart, workspace, helm)
        trust(workspace, old)
        sides = old, resolve(chart.chart, _as_released(chart, old), workspace, helm)
        if (
            before == chart.chart
            and isinstance(old, ChartSide)
            and _is_gone(before)
            and not _says_version(before)
        ):
            raise SourceError(
                f"both sides are {old.label}: a version is never compared with itself",
                remedy="name the version that runs:"
                " --before oci://...:VERSION, REPO/CHART@VERSION or NAME@VERSION",
            )
    else:
        sides = _by_git(before.removeprefix("git:"), chart, workspace, default_branch, helm)
    old, new = sides
    if isinstance(old, EmptySide) and isinstance(new, EmptySide):
        raise SourceError(
            f"there is no {chart.chart} on either side", remedy="check the path of the chart"
        )
    if isinstance(new, ChartSide) and _is_nothing(old):
        return old, replace(new, is_upgrade=False)
    return sides


def resolve_at(
    revision: Revision,
    before: ChartSide | None,
    after: ChartSide | None,
    workspace: Workspace,
    helm: str = "",
) -> tuple[Side, Side]:
    """(before, after) of a release that is declared as `before` at a revision and as `after` now;
    None where it is not.

    Raises SourceError for what cannot be had, and where nobody can tell what ran before: a chart
    that helm pulls without a version.
    """
    workspace.sources = None
    if before is None:
        old: Side = EmptySide(revision.label, (f"the release is new since {revision.label}",))
    else:
        old = _stood(revision, _with_streams(before, workspace), workspace, helm)
    if after is None:
        label = f"not declared since {revision.label}"
        return old, EmptySide(label, ("the release is no longer declared: this is its uninstall",))
    chart = _with_streams(after, workspace)
    trust(workspace, old)
    if is_staged(revision):
        repository = _repository(chart, workspace, helm)
        if repository.state(depends_on(repository, chart)).untracked:
            return old, _at(repository, Revision("", "the index"), chart, workspace, helm)
    new = resolve(chart.chart, chart, workspace, helm)
    if isinstance(new, ChartSide) and isinstance(old, EmptySide):
        return old, replace(new, is_upgrade=False)
    return old, new


def _stood(revision: Revision, chart: ChartSide, workspace: Workspace, helm: str) -> Side:
    """A declared chart as it stood at a revision."""
    repository = _repository(chart, workspace, helm)
    inside = repository.path_of(chart.chart)
    if (inside and repository.has(revision.commit, inside)) or Path(chart.chart).exists():
        return _at(repository, revision, chart, workspace, helm)
    if not chart.version and not _says_version(chart.chart):
        raise unknown_before(chart)
    side = _at(repository, revision, chart, workspace, helm)
    return replace(side, label=f"{_reference(chart.chart, chart).label} at {revision.label}")


def unknown_before(chart: ChartSide) -> SourceError:
    """What is said where the version that runs cannot be told, with the ways to name it."""
    name = without_logins(chart.chart)
    return SourceError(
        f"which version of {name} runs before this upgrade is not known",
        remedy="name it: --before "
        f"{name}@VERSION, --before release:NAMESPACE/NAME (asks the cluster), or an exported record"
        " (kubectl get secret -l owner=helm,name=RELEASE -o yaml) as --before FILE",
    )


def _is_nothing(side: Side) -> bool:
    """Whether a side is empty: then the other one is an install."""
    if not isinstance(side, ManifestSide):
        return isinstance(side, EmptySide)
    return not any(has_content(text) for _, text in side.text)


def _as_released(chart: ChartSide, old: Side) -> ChartSide:
    """The chart under the name and namespace of the release that is its before side, where none was
    given."""
    if not isinstance(old, ManifestSide) or old.history is None:
        return chart
    name = chart.release if chart.release != UNNAMED else old.history.name or UNNAMED
    namespace = old.history.namespace if chart.namespace == default_namespace() else ""
    return replace(chart, release=name, namespace=namespace or chart.namespace)


def resolve(spec: str, chart: ChartSide, workspace: Workspace, helm: str = "") -> Side:
    """The side that `spec` names, read as the design's SIDE; raises SourceError where there is
    none."""
    from policylint.helm.inputs.files import is_stream
    from policylint.helm.sources.manifests import from_stdin

    if spec == "-":
        return from_stdin()
    if spec.startswith("git:"):
        from policylint.helm.sources.baseline import named_revision

        repository = _repository(chart, workspace, helm)
        return _at(
            repository,
            named_revision(repository, spec.removeprefix("git:")),
            chart,
            workspace,
            helm,
        )
    if spec.startswith("release:"):
        from policylint.helm.engines.binary import find_helm
        from policylint.helm.sources.release import from_cluster

        return from_cluster(spec, find_helm(helm if helm != "embedded" else ""))
    path = Path(spec)
    if path.is_dir() or path.is_file() or is_stream(spec):
        return _on_disk(path, replace(chart, chart=spec, label=spec), workspace, helm)
    _check_path(spec)
    if _REFERENCE.fullmatch(spec) or (chart.repo and "/" not in spec):
        _check_values(chart)
        return _reference(spec, chart)
    raise SourceError(
        f"no chart there: {spec} is no file, no directory and no chart reference",
        remedy="name a chart directory, an archive, oci://..., REPO/CHART, or a name with --repo",
        file=spec,
    )


def _reference(spec: str, chart: ChartSide) -> ChartSide:
    """A chart that helm pulls; a version in the reference (`oci://...:1.2.3`, `repo/name@1.2.3`)
    beats --version.

    Not so in what helm itself will be given for the upgrade: it refuses a tag together with another
    --version.
    """
    label = without_logins(spec)
    found = _VERSIONED.fullmatch(spec)
    if found and found["name"]:
        return replace(chart, chart=found["name"], version=found["version"], label=label)
    if found and spec != chart.chart:
        return replace(
            chart, chart=spec, version="", extra=tuple(_without_devel(chart.extra)), label=label
        )
    if _says_version(spec):
        return replace(chart, chart=spec, label=label)
    wanted = f"--version {chart.version}" if chart.version else "(the newest version)"
    return replace(chart, chart=spec, label=f"{label} {wanted}")


def _says_version(reference: str) -> bool:
    """Whether a reference names one version, whatever `--version` says."""
    return bool(_VERSIONED.fullmatch(reference)) or reference.endswith(_ARCHIVE)


def _without_devel(extra: Iterable[str]) -> Iterable[str]:
    return (argument for argument in extra if argument != "--devel")


def _on_disk(path: Path, chart: ChartSide, workspace: Workspace, helm: str) -> Side:
    if path.name.endswith(_ARCHIVE):
        _check_values(chart)
        return chart
    if (path / "Chart.yaml").is_file():
        _check_values(chart)
        if not may_lack(path):
            return chart
        from policylint.helm.sources.dependencies import with_dependencies

        return with_dependencies(chart, workspace, helm)
    from policylint.helm.sources.manifests import from_directory, from_file
    from policylint.helm.sources.release import from_record, is_record

    if path.is_dir():
        if (path / "templates").is_dir():
            raise SourceError(
                "no chart there: Chart.yaml is missing", remedy="check the path", file=str(path)
            )
        return from_directory(path)
    side = from_file(path)
    return from_record(side.text[0][1], str(path)) if is_record(side.text[0][1]) else side


def _by_git(
    name: str, chart: ChartSide, workspace: Workspace, branch: str, helm: str
) -> tuple[Side, Side]:
    """Both sides where the before side is a revision: the named one, or the default one where
    `name` is ""."""
    from policylint.helm.sources.baseline import default_revision, is_staged, named_revision
    from policylint.helm.sources.snapshot import Revision, at_revision

    repository = _repository(chart, workspace, helm)
    paths = depends_on(repository, chart)
    try:
        revision = (
            named_revision(repository, name)
            if name
            else default_revision(repository, paths, branch)
        )
    except SourceError:
        head = repository.commit("HEAD")
        if (
            not _is_gone(chart.chart)
            or not head
            or not repository.has(head, repository.path_of(chart.chart))
        ):
            resolve(
                chart.chart, chart, workspace, helm
            )  # a chart or values file that is nowhere is said first
        raise
    is_reference = _is_gone(chart.chart) and not repository.has(
        revision.commit, repository.path_of(chart.chart)
    )
    after = resolve(chart.chart, chart, workspace, helm) if is_reference else None
    if is_reference:
        raise unknown_before(chart)
    if revision.commit == repository.commit("HEAD") and repository.state(paths).is_clean:
        raise SourceError(
            f"{revision.label} is what the work tree holds: a commit is never compared with itself",
            remedy="name an older revision with --before",
        )
    if after is not None:
        return at_revision(chart, repository, revision, workspace, helm), after
    before = _at(repository, revision, chart, workspace, helm)
    trust(workspace, before)
    if not name and is_staged(revision) and repository.state(paths).untracked:
        return before, _at(repository, Revision("", "the index"), chart, workspace, helm)
    if _is_gone(chart.chart):
        return before, EmptySide(chart.chart, (f"{chart.chart} is gone since {revision.label}",))
    return before, resolve(chart.chart, chart, workspace, helm)


def _at(
    repository: Repository, revision: Revision, chart: ChartSide, workspace: Workspace, helm: str
) -> Side:
    """The chart, or the manifests, at a revision."""
    from policylint.helm.sources.checkout import Checkout
    from policylint.helm.sources.manifests import from_directory, from_file
    from policylint.helm.sources.snapshot import at_revision, path_inside

    if _is_chart(repository, revision, chart.chart):
        return at_revision(chart, repository, revision, workspace, helm)

    inside = path_inside(repository, chart.chart)
    checkout = Checkout(repository, revision.commit, workspace.directory())
    if not checkout.add(inside):
        return EmptySide(revision.label, (f"{inside} is new: {revision.label} does not have it",))
    copied = checkout.root / inside
    side = from_directory(copied) if copied.is_dir() else from_file(copied)
    texts = tuple(
        (Path(file).relative_to(checkout.root).as_posix(), text) for file, text in side.text
    )
    return ManifestSide(texts, label=revision.label)


def _is_chart(repository: Repository, revision: Revision, spec: str) -> bool:
    """Whether `spec` names a chart now or did at the revision (else it names manifests)."""
    path = Path(spec)
    if spec.endswith(_ARCHIVE) or (path / "Chart.yaml").is_file():
        return True
    if path.exists():
        return False
    inside = repository.path_of(spec)
    return repository.has(revision.commit, f"{inside}/Chart.yaml") or not repository.has(
        revision.commit, inside
    )


def _repository(chart: ChartSide, workspace: Workspace, helm: str) -> Repository:
    """The repository of the chart, or of the current directory; a chart that is nowhere is said
    first."""
    from policylint.helm.sources.git import absolute_path, find_repository

    spec = chart.chart
    if found := find_repository("." if _is_reference(spec) else spec):
        return found
    resolve(spec, chart, workspace, helm)
    raise SourceError(
        f"{absolute_path('.' if _is_gone(spec) else spec)} is in no git repository",
        remedy="name the side to compare with: --before SIDE",
    )


def _is_reference(spec: str) -> bool:
    return "://" in spec or spec == "-"


def _is_gone(spec: str) -> bool:
    """Whether no such file is there (any more); true of references to charts too."""
    return not Path(spec).exists()


def depends_on(repository: Repository, chart: ChartSide) -> list[str]:
    """What the render depends on in the repository: the chart, its `file://` dependencies, values
    and set files."""
    named = [chart.chart, *chart.values.named]
    fresh = {repository.path_of(path) for path in named if path and not _is_reference(path)} - {""}
    found: set[str] = set()
    while fresh:
        found |= fresh
        fresh = (
            {repository.path_of(target) for target in _targets(repository, fresh)} - found - {""}
        )
    return sorted(found)


def _targets(repository: Repository, paths: Iterable[str]) -> list[Path]:
    """What paths lead to: `file://` repositories of a chart's dependencies, and the targets of
    symbolic links."""
    tops = [repository.top / path for path in paths]
    files = [top / name for top in tops for name in ("Chart.yaml", "requirements.yaml")]
    charts = [
        file.parent / path
        for file in files
        if file.is_file()
        for path in file_repositories(file.read_bytes(), str(file))
    ]
    links = [repository.top / blob.path for blob in repository.files("", paths) if blob.is_link]
    return charts + [link.parent / link.readlink() for link in links if link.is_symlink()]


def file_repositories(text: bytes, file: str) -> list[str]:
    """The paths that `file://` names in the dependencies of a Chart.yaml, however it is written.

    Of a file that is no YAML, whatever looks like one: Helm will refuse it, and say so.
    """
    try:
        body = load(text.decode("utf-8-sig"), file)
    except (ReadError, UnicodeDecodeError):
        found = re.findall(rb"file://([^\s\"'#,}\]]+)", text)
        return [path.decode("utf-8", "surrogateescape") for path in found]
    dependencies = body.get("dependencies") if isinstance(body, dict) else None
    if not isinstance(dependencies, list):
        return []
    repositories = [
        str(dependency.get("repository") or "")
        for dependency in dependencies
        if isinstance(dependency, dict)
    ]
    return [
        repository.removeprefix("file://")
        for repository in repositories
        if repository.startswith("file://")
    ]


def _with_streams(chart: ChartSide, workspace: Workspace) -> ChartSide:
    """Values from standard input or a pipe as files, so that both sides, and helm, can read
    them."""
    from policylint.helm.inputs.files import is_stream, read_text
    from policylint.helm.sources.manifests import from_stdin

    copies: dict[str, str] = {}

    def copied(name: str) -> str:
        if name in copies or not (name == "-" or is_stream(name)):
            return copies.get(name, name)
        file = workspace.directory() / "values.yaml"
        copies[name] = str(file)
        try:
            file.write_text(
                from_stdin().text[0][1] if name == "-" else read_text(Path(name)), "utf-8"
            )
        except OSError as error:
            raise disk_error(error) from error
        return str(file)

    values = replace(
        chart.values.with_set_files(copied), files=tuple(map(copied, chart.values.files))
    )
    return replace(
        chart, values=values, copies=tuple((path, name) for name, path in copies.items())
    )


def _check_values(chart: ChartSide) -> None:
    """Raise SourceError for a values file that is not there, before helm is started."""
    for file in chart.values.files:
        if "://" not in file and not Path(file).is_file():
            _check_path(file)
            what = "is a directory" if Path(file).is_dir() else "no such file"
            raise SourceError(
                f"values file: {what}", remedy="check the path given by -f/--values", file=file
            )


def _check_path(spec: str) -> None:
    """Raise SourceError for a path that a symbolic link leads nowhere or in a circle."""
    if Path(spec).is_symlink():
        try:
            Path(spec).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            why = (
                "leads in a circle"
                if "loop" in str(error).lower() or "symbolic links" in str(error)
                else "leads nowhere"
            )
            raise SourceError(
                f"the symbolic link {why}", remedy="correct the link", file=spec
            ) from error

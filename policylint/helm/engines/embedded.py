"""Render with Helm's own code in this process (helm-python-sdk), where there is no helm binary.

The library renders templates and no more; what `helm template` does around that is done here:
merging the values, refusing what Helm refuses, sorting and printing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from policylint.errors import RenderError
from policylint.helm.engines.binary import TIME_LIMIT
from policylint.helm.engines.command import full_version, shown, template_argv
from policylint.helm.engines.confine import confine
from policylint.helm.engines.engine import Rendered
from policylint.helm.engines.failure import render_error
from policylint.helm.engines.integers import TEMPLATE, archive, as_floats, files_of, has_integers
from policylint.helm.engines.library import library
from policylint.helm.engines.limits import refuse_extra, refuse_unknown
from policylint.helm.engines.memory import VARIABLE, most_resident, resident
from policylint.helm.engines.order import assemble
from policylint.helm.engines.text import split_crds
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.values.given import laid, user_values
from policylint.helm.values.semver import admits
from policylint.runtime import signals
from policylint.runtime.outputs import Unheard
from policylint.runtime.patterns import pattern

if TYPE_CHECKING:
    from policylint.helm.engines.papercluster import PaperCluster


_LOOK = 0.1
"""Seconds between two looks at the memory."""
_SCHEMA = pattern(r"(charts/[^/]+/)*values\.schema\.json\Z")
"""What the library does not let a pull be told."""


class _Exhausted:
    """Whether a render of this process took more memory than it may, and takes it still."""

    so = False


class EmbeddedRender:
    """A render in a thread of its own; the library leaves the interpreter free while it works."""

    def __init__(
        self, side: ChartSide, time_limit: float, cluster: PaperCluster | None = None
    ) -> None:
        if _Exhausted.so:
            raise _exhausted(side)
        refuse_extra(side)
        refuse_unknown(side)
        confine(side)
        self._side = side
        self._cluster = cluster
        self._limit = time_limit
        self._end = time.monotonic() + time_limit
        self._result: Rendered | None = None
        self._failure: BaseException | None = None
        self._unheard = Unheard()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = render_chart(self._side, self._cluster)
        except BaseException as error:  # noqa: BLE001 - raised again in wait()
            self._failure = error
        finally:
            self._unheard.end()

    @property
    def is_done(self) -> bool:
        """Whether the library has rendered it."""
        return not self._thread.is_alive()

    def wait(self) -> Rendered:
        """The manifests; raises RenderError with Helm's own message."""
        self._watch()
        if self._failure is not None:
            raise self._failure
        if self._result is None:
            message = f"rendering it did not end within {self._limit:g} seconds"
            raise render_error(message, template_argv("helm", self._side), self._side)
        return self._result

    def _watch(self) -> None:
        """Wait for the end of the render, as long as it takes no more memory than it may.

        Nothing ends a thread of the library: what it takes goes with this process.
        """
        most = most_resident()
        while self._thread.is_alive() and (left := self._end - time.monotonic()) > 0:
            signals.join(self._thread, min(left, _LOOK))
            if most and resident() > most:
                _Exhausted.so = True
                raise _exhausted(self._side)

    def cancel(self) -> None:
        """Nothing is left behind: the thread writes no file and ends with the process."""


def _exhausted(side: ChartSide) -> RenderError:
    words = f"the embedded engine needs more memory than it may take ({VARIABLE})"
    return render_error(words, template_argv("helm", side), side)


class Embedded:
    """The engine that needs no helm binary; it is Helm 4."""

    name = "embedded"
    line = "4"

    def __init__(self, time_limit: float = TIME_LIMIT) -> None:
        self.time_limit = time_limit

    @property
    def version(self) -> str:
        """The version of Helm in the library, such as "4.2.3"."""
        return str(library().helm_sdk_version()).removeprefix("v")

    def start(self, side: ChartSide) -> EmbeddedRender:
        """Start to render and return at once."""
        return EmbeddedRender(side, self.time_limit)

    def render(self, side: ChartSide) -> Rendered:
        """Render and wait."""
        pending = self.start(side)
        try:
            return pending.wait()
        finally:
            pending.cancel()


def render_chart(side: ChartSide, cluster: PaperCluster | None = None) -> Rendered:
    """Render one side as `helm template` would.

    With a cluster, as `helm upgrade` would over what it holds (`helm install` where it holds no
    release).

    Raises RenderError with the command that does the same.
    """
    argv = template_argv("helm", side)
    helm = library()
    try:
        values = values_of(side)
        with _load(helm, side, values) as chart:
            notes = _check(chart, side)
            files = _render(chart, side, values, cluster)
            crds = "".join(
                f"---\n# Source: {crd['filename']}\n{crd['data']}\n" for crd in chart.crds
            )
            hooks, tests = "--no-hooks" not in side.extra, "--skip-tests" not in side.extra
            printed = assemble(files, crds, hooks=hooks, tests=tests)
            if printed.startswith(crds):  # a definition may hold comments like Helm's own
                text = printed[len(crds) :]
            else:
                crds, text = split_crds(printed)
    except helm.HelmError as error:
        raise render_error(f"Error: {side.as_named(str(error.detail))}", argv, side) from error
    except RenderError as error:
        raise render_error(f"Error: {side.as_named(error.message)}", argv, side) from error
    except UnicodeDecodeError as error:  # what a template failed with quotes a cut-off character
        raise render_error("Error: the message of the failure is not UTF-8", argv, side) from error
    return Rendered(crds + text if side.include_crds else text, crds, notes, shown(argv, side))


def values_of(side: ChartSide) -> dict[str, Any]:
    """The user values: what files and `--set-json` give as floats, what `--set` gives as integers,
    as in Helm."""
    flags = side.values
    values: dict[str, Any] = as_floats(
        user_values(ValuesInput(flags.files, set_json=flags.set_json), "4")
    )
    for flag, argument in replace(flags, files=(), set_json=()).flags():
        values = laid(values, flag, argument, "4")
    return values


def _load(helm: Any, side: ChartSide, values: Mapping[str, Any]) -> Any:
    """A chart handle of its own for each render: rendering changes the handle. The library always
    looks at schemas, so a chart is loaded without them where they are to be skipped."""
    skips = "--skip-schema-validation" in side.extra
    if not skips and not has_integers(values):
        return helm.Chart.load(side.chart)
    files = files_of(Path(side.chart))
    kept = {path: data for path, data in files.items() if not (skips and _SCHEMA.match(path))}
    return helm.Chart.load_archive(archive(kept, values))


def _lacking(chart: Any) -> list[str]:
    """The names of the dependencies that a chart declares and does not hold."""
    there = {item["name"] for item in chart.dependencies}
    declared = [item["name"] for item in chart.metadata.get("dependencies") or ()]
    return [name for name in declared if name not in there]


def _check(chart: Any, side: ChartSide) -> tuple[str, ...]:
    """What Helm checks before it renders; raises RenderError in Helm's words, returns its
    warnings."""
    metadata: Mapping[str, Any] = chart.metadata
    if (kind := metadata.get("type") or "application") != "application":
        raise RenderError(f"{kind} charts are not installable")
    names = ", ".join(_lacking(chart))
    if names:
        raise RenderError(
            "an error occurred while checking for chart dependencies. You may need to run 'helm "
            "dependency build' to "
            "fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: "
            f"{names}"
        )
    version = "v" + full_version(side.kube_version).removeprefix("v")
    if (wanted := metadata.get("kubeVersion")) and not admits(wanted, _numbers(version)):
        raise RenderError(
            f"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}"
        )
    if metadata.get("deprecated"):
        return ("this chart is deprecated",)
    return ()


def _numbers(version: str) -> str:
    """A version without what a distribution adds: v1.33.4-gke.1 and v1.33.4+k3s1 are v1.33.4 to
    Helm 4."""
    return version.partition("-")[0].partition("+")[0]


def _render(
    chart: Any, side: ChartSide, values: Mapping[str, Any], cluster: PaperCluster | None
) -> dict[str, str]:
    from helm_python import _native

    options: dict[str, Any] = {
        "name": side.release,
        "namespace": side.namespace,
        "is_upgrade": side.is_upgrade,
        "is_install": not side.is_upgrade,
        "kube_version": full_version(side.kube_version),
        "api_versions": [part for item in side.api_versions for part in item.split(",")],
        "enable_dns": "--enable-dns" in side.extra,
    }
    if cluster is None:
        answer = _native.call_string(
            "helm_render", chart._raw(), json.dumps(values), json.dumps(options)
        )
    else:
        answer = _render_over(chart, values, {**options, **_standing(cluster)}, cluster)
    files: dict[str, str] = json.loads(answer)
    _refuse_bytes(files, side, values)
    return {path: text for path, text in files.items() if not path.endswith(TEMPLATE)}


def _render_over(
    chart: Any, values: Mapping[str, Any], options: Mapping[str, Any], cluster: PaperCluster
) -> str:
    helm = library()
    with helm.Config(
        kubeconfig_content=cluster.kubeconfig,
        namespace=cluster.release.namespace,
        storage_driver="memory",
    ) as config:
        answer: str = helm._native.call_string(
            "helm_render_with_config",
            config._raw(),
            chart._raw(),
            json.dumps(values),
            json.dumps(options),
        )
    return answer


def _standing(cluster: PaperCluster) -> dict[str, Any]:
    """The options of a render that are the cluster's: the library asks it for lookups alone."""
    revision = cluster.release.revision
    kinds = [kind for served in cluster.kinds.values() for kind in served.values()]
    names = [f"{kind.version}/{kind.kind}" for kind in kinds]
    return {
        "revision": revision + 1,
        "is_upgrade": revision > 0,
        "is_install": revision == 0,
        "api_versions": [*cluster.kinds, *names],
    }


def _refuse_bytes(files: Mapping[str, str], side: ChartSide, values: Mapping[str, Any]) -> None:
    """The library turns bytes that are no UTF-8 into U+FFFD; Helm refuses them."""
    marked = [
        path for path, text in files.items() if "\ufffd" in text and not path.endswith("NOTES.txt")
    ]
    if not marked:
        return
    known = [*files_of(Path(side.chart)).values(), json.dumps(values, ensure_ascii=False).encode()]
    if not any("\ufffd".encode() in content for content in known):
        message = "error converting YAML to JSON: yaml: invalid leading UTF-8 octet"
        raise RenderError(f"YAML parse error on {marked[0]}: {message}", file=marked[0])

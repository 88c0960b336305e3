"""What helm said when it could not render, as an error that names the file and the line."""

from __future__ import annotations

import re
from pathlib import Path

from policylint.errors import RenderError
from policylint.helm.engines.command import shown
from policylint.helm.engines.secrets import secrets_of
from policylint.helm.inputs.sides import ChartSide
from policylint.redaction.logins import without_logins
from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern

# How Helm names the place: `template: web/templates/a.yaml:12:20: ...`, in Helm 4 also
# `web/templates/a.yaml:12:20` on a line of its own, `execution error at (web/templates/a.yaml:3:4):
# ...`, `parse error at (web/templates/a.yaml:3)`, `YAML parse error on web/templates/a.yaml: ...
# yaml: line 12: ...`, `failed to parse values.yaml: ... line 3`.
_PLACES = (
    pattern(r"(?:execution|parse) error at \((?P<file>[^:()\n]+):(?P<line>\d+)"),
    pattern(r"template: (?P<file>[^:\n]+):(?P<line>\d+)"),
    pattern(r"^(?:Error: )?(?P<file>[^\s:()]+/templates/[^\s:()]+):(?P<line>\d+):\d+$", re.M),
    pattern(r"YAML parse error on (?P<file>[^:\n]+):(?:.*?yaml: line (?P<line>\d+))?", re.S),
    pattern(r"failed to parse (?P<file>[^:\n]+):(?:.*?yaml: line (?P<line>\d+))?", re.S),
)

# Parts of Helm's message, and what helps.
_REMEDIES = (
    (
        "missing in charts/ directory",
        "run `helm dependency build` for the chart, or vendor its dependencies in charts/",
    ),
    (
        "requires kubeVersion",
        "name the cluster's version with --kube-version, or change the chart's kubeVersion",
    ),
    ("library charts are not installable", "name a chart that uses the library chart"),
    (
        "failing loading",
        "let helm reach the schema that it names above: it loads it at each upgrade too",
    ),
    (
        "don't meet the specifications of the schema",
        "correct the values named above, or the chart's values.schema.json",
    ),
    (
        "unknown flag",
        "this helm lacks a flag that is needed here; use Helm 3.8 or newer, or Helm 4",
    ),
    (
        "did not end within",
        "run it by hand to see what it waits for (a server that does not answer, a template that "
        "never ends), "
        "or raise --render-timeout",
    ),
    (
        "needs more memory than",
        "find the template or the value that grows without measure, or set POLICYLINT_HELM_MEMORY",
    ),
    (
        "not found in",
        "check the repository, the chart's name and --version; `helm repo update` refreshes a "
        "stale index",
    ),
    (
        "Error: repo ",
        "there is no chart at that path, and helm knows no such repository: check the path, or "
        "run `helm repo add`",
    ),
    ("no repositories configured", "run `helm repo add` first"),
    ("references parent directory", "the archive names files outside the chart: do not use it"),
    (
        "unable to load chart archive",
        "the archive is damaged or names files outside the chart: do not use it",
    ),
    (
        "cannot unmarshal array into Go value of type map",
        "a values file maps names to values: it is no list",
    ),
    ("into Go value of type map", "a values file maps names to values: write `key: value` lines"),
    (
        "document contains excessive aliasing",
        "its aliases (*name) grow without measure: write out what they stand for",
    ),
    ("invalid leading UTF-8 octet", "save the file that helm names as UTF-8"),
    ("found character that cannot start any token", "YAML is indented with spaces: look for a tab"),
    ("no such file or directory", "check the path that helm names above"),
    (
        "too many levels of symbolic links",
        "a symbolic link in the chart leads in a circle: remove it",
    ),
    ("EvalSymlinks: too many links", "a symbolic link in the chart leads in a circle: remove it"),
    ("no space left on device", "free some disk space and run again"),
    ("is likely not installable", "check the path of the chart"),
)
# Failures of the chart and its values alone: `helm upgrade` renders the same and fails the same.
# Source: pkg/engine, pkg/chart/common/util and pkg/releaseutil of Helm 3.22 and 4.3.
_CERTAIN = (
    pattern(r"(?:execution|parse) error at \("),
    pattern(r"\btemplate: \S+:\d+"),
    pattern(r"^(?:Error: )?\S+/templates/\S+:\d+:\d+$", re.M),
    pattern(r"\berror calling \w+:"),
    pattern(r"values don't meet the specifications of the schema"),
    pattern(r"YAML parse error on "),
    pattern(r"failed to parse \S+: (?:error |yaml|json)"),
    pattern(r"error converting YAML to JSON"),
    pattern(r"cannot unmarshal \w+ into Go value"),
    pattern(r"already set in map"),
    pattern(r"library charts are not installable"),
)
_UNLOADED = pattern(r"failing loading \"(?P<schema>[^\"\n]+)\"")
"""What Helm says of a schema that another one refers to (santhosh-tekuri/jsonschema v6)."""
_OTHERWISE = "correct what helm names above"

# What is said of a server, and what helps; looked at for charts that are pulled.
_ANSWERS = (
    (
        r"look like a TLS handshake|HTTP response to HTTPS client",
        "the server speaks plain http: policylint check -- helm upgrade RELEASE CHART ... "
        "--plain-http",
    ),
    (
        r"x509: |tls: ",
        "name the authority that signed its certificate: policylint check -- helm upgrade "
        "RELEASE CHART ... --ca-file",
    ),
    (
        r"(status code| :) 40[13]\b|credential not found",
        "log in as for helm itself: `helm registry login HOST` for a registry; for a repository "
        "`helm repo add NAME URL --username USER`, then NAME/CHART; and ask whether that user "
        "may read it",
    ),
    (
        r"(status code| :) 404\b|: not found|locate a version matching",
        "check the address, the chart's name and its version: `helm show chart CHART --version "
        "VERSION` finds it "
        "where it is",
    ),
    (
        r"(status code| :) (429|5\d\d)\b",
        "the server failed: try again, and look at its own log where it goes on",
    ),
    (
        r"dial tcp|connection reset|i/o timeout|context deadline|\": EOF",
        "no server answers there: check the address, the network and the proxy (HTTPS_PROXY, "
        "NO_PROXY)",
    ),
    (
        r"valid chart repository",
        "what answers there has no index.yaml of a chart repository: check the address; a "
        "registry is oci://...",
    ),
    (
        r"gzipped archive|unexpected EOF|Content-Length|Successors|number of descriptors|chart "
        r"archive|digest|checksum",
        "the server gives no whole chart: push the chart again, or name another version",
    ),
)


def render_error(message: str, argv: list[str], side: ChartSide) -> RenderError:
    """The error for helm's own `message`, with the command that gives it, the template or values
    file and its line."""
    told = _told(message)
    file, line = _place(told, side)
    # Of a chart that is not at hand, such words may be the server's.
    at_hand = Path(side.chart).exists()
    is_certain = at_hand and any(refusal.search(told) for refusal in _CERTAIN)
    of_chart = file or is_certain or (at_hand and side.reference is None)
    error = RenderError(
        _words(told, argv, side, "render"),
        remedy=("" if of_chart else _of_server(told)) or _remedy(told),
        file=file,
        line=line,
    )
    unloaded = _UNLOADED.search(told)
    error.unloaded = unloaded["schema"] if unloaded else ""
    error.certain = is_certain and not unloaded
    return error


def pull_error(message: str, argv: list[str], side: ChartSide) -> RenderError:
    """The error for helm's own `message` where it cannot pull the chart of a side."""
    told = _told(message)
    words = _words(told, argv, side, "pull")
    return RenderError(words, remedy=_of_server(told) or _remedy(told))


def _words(told: str, argv: list[str], side: ChartSide, verb: str) -> str:
    secrets = secrets_of(side)
    words, command = side.as_named(secrets.hidden(told)), secrets.hidden(shown(argv, side))
    return f"helm could not {verb} {_named(side)}\n{words}\nthe command was: {command}"


def _remedy(told: str) -> str:
    return next((remedy for part, remedy in _REMEDIES if part in told), _OTHERWISE)


def _of_server(words: str) -> str:
    """What helps where a chart could not be pulled, "" where that is not known."""
    return next((remedy for expression, remedy in _ANSWERS if re.search(expression, words)), "")


def _named(side: ChartSide) -> str:
    """The chart, and the side that it is where that says more."""
    chart = without_logins(side.as_named(side.chart))
    if side.label.startswith(chart):
        return side.label
    if side.label:
        return f"{chart} ({side.label})"
    return chart


def _told(message: str) -> str:
    """What helm said of the failure, without a line for each symbolic link that it followed on its
    way."""
    lines = message.strip().splitlines()
    return "\n".join(line for line in lines if "found symbolic link in path" not in line)


def _place(words: str, side: ChartSide) -> tuple[str, int]:
    for place in _PLACES:
        if match := place.search(words):
            line = whole_or(match["line"] or "", 0)
            return side.as_named(_on_disk(match["file"], side.chart)), line
    return "", 0


def _on_disk(name: str, chart: str) -> str:
    """`web/templates/a.yaml` as the file below the chart's directory, where there is one."""
    path = Path(chart, name.partition("/")[2])
    if "/" in name and path.is_file():
        return str(path)
    return name

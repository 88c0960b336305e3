"""A release as helm knows it, asked from whatever storage helm uses: `helm get all --template`.

No output format of helm's shows a release's chart, so a template writes Helm's release JSON. Go's
templates cannot quote JSON: text is written as x:HEX and bytes as b:HEX. The fields are those of
pkg/release of Helm 3.8 to 4.3.
"""

from __future__ import annotations

import base64
import binascii
import json

from policylint.errors import ReadError
from policylint.helm.history.record import is_release, of_release
from policylint.helm.inputs.revisions import Revision
from policylint.model import Json

_DEFINITIONS = (
    '{{define "text"}}"x:{{printf "%x" .}}"{{end}}',
    '{{define "bytes"}}"b:{{printf "%x" .}}"{{end}}',
    '{{define "map"}}{{$more := false}}{{"{"}}{{range $key, $item := .}}{{if $more}},{{end}}'
    "{{$more = true}}"
    '{{template "text" $key}}:{{template "any" $item}}{{end}}{{"}"}}{{end}}',
    '{{define "list"}}[{{range $n, $item := .}}{{if $n}},{{end}}{{template "any" $item}}{{end}}'
    "]{{end}}",
    '{{define "any"}}{{$type := printf "%T" .}}{{if eq $type "map[string]interface {}"}}'
    '{{template "map" .}}'
    '{{else if eq $type "[]interface {}"}}{{template "list" .}}{{else if eq $type "string"}}'
    '{{template "text" .}}'
    '{{else if eq $type "<nil>"}}null{{else}}{{.}}{{end}}{{end}}',
    '{{define "texts"}}[{{range $n, $item := .}}{{if $n}},{{end}}{{template "text" $item}}{{end}}'
    "]{{end}}",
    '{{define "files"}}[{{range $n, $item := .}}{{if $n}},{{end}}'
    '{"name":{{template "text" .Name}},"data":{{template "bytes" .Data}}}{{end}}]{{end}}',
    '{{define "dependencies"}}[{{range $n, $item := .}}{{if $n}},{{end}}{"name":{{template '
    '"text" .Name}},'
    '"version":{{template "text" .Version}},"repository":{{template "text" .Repository}},'
    '"condition":{{template "text" .Condition}},"alias":{{template "text" .Alias}},'
    '"tags":{{template "texts" .Tags}},"import-values":{{template "list" .ImportValues}}}{{end}}'
    "]{{end}}",
    '{{define "metadata"}}{"name":{{template "text" .Name}},"version":{{template "text" .Version}},'
    '"appVersion":{{template "text" .AppVersion}}{{with .Dependencies}},'
    '"dependencies":{{template "dependencies" .}}{{end}}}{{end}}',
    '{{define "chart"}}{"metadata":{{template "metadata" .Metadata}},"values":{{template "map" '
    ".Values}},"
    '"templates":{{template "files" .Templates}},"files":{{template "files" .Files}}'
    '{{with .Schema}},"schema":{{template "bytes" .}}{{end}}}{{end}}',
    '{{define "hooks"}}[{{range $n, $item := .}}{{if $n}},{{end}}{"name":{{template "text" .Name}},'
    '"kind":{{template "text" .Kind}},"path":{{template "text" .Path}},"manifest":{{template '
    '"text" .Manifest}},'
    '"events":{{template "texts" .Events}}}{{end}}]{{end}}',
    '{{define "info"}}{"status":{{template "text" .Status}},"description":{{template "text" '
    ".Description}},"
    '"last_deployed":{{template "text" (.LastDeployed.Format "2006-01-02T15:04:05Z07:00")}}}'
    "{{end}}",
)
TEMPLATE = "".join(_DEFINITIONS) + (
    '{{with .Release}}{"name":{{template "text" .Name}},"namespace":{{template "text" .Namespace}},'
    '"version":{{.Version}},"info":{{template "info" .Info}},"manifest":{{template "text" '
    ".Manifest}},"
    '"hooks":{{template "hooks" .Hooks}},"config":{{template "map" .Config}}'
    '{{with .Chart}},"chart":{{template "chart" .}}{{end}}}{{end}}'
)
"""Give it to `helm get all --template`."""


def printed_revision(printed: str, label: str) -> Revision:
    """The revision that helm printed by `TEMPLATE`; raises `ReadError` where it is none."""
    try:
        release = _plain(json.loads(printed))
    except (ValueError, RecursionError) as error:
        raise ReadError(
            f"helm printed no release: {error}", file=label, remedy="update helm"
        ) from None
    if not is_release(release):
        raise ReadError("helm printed no release", file=label, remedy="update helm")
    return of_release(release, label)


def _plain(value: Json) -> Json:
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return _text(value)
    return value


def _text(written: str) -> str:
    """Text as it was; bytes in base64, as a record holds them."""
    if written.startswith("x:"):
        return bytes.fromhex(written[2:]).decode("utf-8", "replace")
    if written.startswith("b:"):
        return base64.b64encode(binascii.unhexlify(written[2:])).decode()
    return written

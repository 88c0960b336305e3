"""A declared release's layers of values as files and flags that helm takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from policylint.errors import PolicylintError, SourceError
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.values.side import as_yaml
from policylint.helm.values.strvals import set_strings, set_values
from policylint.kyaml.merge import laid_over
from policylint.model import Json
from policylint.scan.gitops.model import Declared, Layer

Table = dict[str, Json]


class ReleaseValues(Struct, frozen=True):
    """What helm is given, and (path, name) of the files that were written for it."""

    values: ValuesInput
    copies: tuple[tuple[str, str], ...] = ()


def values_of(release: Declared, root: Path, folder: Path) -> ReleaseValues:
    """The values of a release; files of the repository stay below `root`, the rest is written into
    `folder`, an empty directory.

    Raises SourceError for a text at a key that Helm's --set would refuse.
    """
    flags: dict[str, list[str]] = {}
    for flag, text in release.sets:
        flags.setdefault(flag.replace("-", "_"), []).append(text)
    if any(layer.kind == "target" for layer in release.layers):
        file = folder / "values.yaml"
        file.write_text(as_yaml(_merged(release)), "utf-8")
        written = [(str(file), f"the values of {release.namespace}/{release.name}")]
    else:
        written = [
            _written(layer, root, folder / f"{number}.yaml")
            for number, layer in enumerate(release.layers, 1)
        ]
    sets = {flag: tuple(texts) for flag, texts in flags.items()}
    values = ValuesInput(files=tuple(file for file, _ in written), **sets)
    values = values.with_set_files(lambda file: str(root / file))
    return ReleaseValues(values, tuple((file, name) for file, name in written if name))


def _written(layer: Layer, root: Path, file: Path) -> tuple[str, str]:
    """(file, the name it is shown by); "" where it is a file of the repository."""
    if layer.kind == "file":
        return str(root / layer.path), ""
    if layer.text:
        file.write_text(layer.text, "utf-8")
        return str(file), layer.file
    file.write_text(as_yaml(dict(layer.values)), "utf-8")
    return str(file), layer.label or layer.file


def _merged(release: Declared) -> Table:
    """Flux's own order where a text is put at a key (fluxcd/pkg/chartutil/values.go): there the
    inline values are merged first, and once more at the end.

    Maps are shared as Go shares them, so that a key set inside an inline map stays.
    """
    inline: Table = {}
    result: Table = {}
    layers = list(release.layers)
    if layers and layers[-1].kind == "values" and layers[-1].label.startswith("spec.values"):
        inline = _copied(layers.pop().values)
    for layer in layers:
        if layer.kind == "target":
            result = laid_over(result, inline)
            _put(release, result, layer)
        else:
            result = laid_over(result, _copied(layer.values))
    return laid_over(result, inline)


def _put(release: Declared, result: Table, layer: Layer) -> None:
    text = layer.text
    quoted = text[:1] in ("'", '"') and text[:1] == text[-1:] and bool(text)
    try:
        if quoted:
            quotes = "'\""
            set_strings(f"{layer.path}={text.strip(quotes)}", result)
        else:
            set_values(f"{layer.path}={text}", result)
    except PolicylintError as error:
        raise SourceError(
            f"the text of {layer.label} cannot be put at {layer.path}",
            file=release.file,
            line=release.line,
            remedy="correct targetPath, or the text, which Helm reads as --set does",
        ) from error


def _copied(values: Mapping[str, Json]) -> Table:
    return {key: _copied(item) if isinstance(item, dict) else item for key, item in values.items()}

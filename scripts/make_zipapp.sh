#!/usr/bin/env bash
# Build dist/policylint.pyz from a wheel: one file with all libraries, for this system and this Python, and use it.
set -euo pipefail
wheel="$(realpath "$1")"
root="$(realpath "$(dirname "$0")/..")"
case="$root/fixtures/rules/selector-changed/fail-key-added"
room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/env"
"$room/env/bin/python" -m pip install --quiet --disable-pip-version-check 'shiv>=1.0.8'
mkdir -p "$root/dist"
"$room/env/bin/shiv" --quiet --console-script policylint --python '/usr/bin/env python3' \
    --output-file "$root/dist/policylint.pyz" "$wheel"
cd "$room"
export SHIV_ROOT="$room/unpacked"
"$root/dist/policylint.pyz" --version
code=0
"$root/dist/policylint.pyz" check "$case/after.yaml" --before "$case/before.yaml" --helm-version 3 >out 2>&1 || code=$?
[ "$code" -eq 1 ] && grep -q "selector-changed" out || { cat out; echo "exit $code"; exit 1; }
echo "dist/policylint.pyz works"

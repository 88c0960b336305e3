#!/usr/bin/env bash
# Install a wheel in an empty environment, away from the checkout, and use it: as installed, and zipped.
set -euo pipefail
wheel="$(realpath "$1")"
fixtures="$(realpath "$(dirname "$0")/../fixtures")"
python="$(realpath "$(dirname "$0")/../.venv/bin")/python"
room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
"$python" -m venv "$room/env"
"$room/env/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
# all that it needs has wheels for musl (Alpine), which no environment marker could leave out
"$room/env/bin/python" -m pip install --quiet --disable-pip-version-check --dry-run --ignore-installed --target "$room/musl" \
    --only-binary=:all: --platform musllinux_1_2_x86_64 --python-version 3.12 "$wheel"
cd "$room"
before="$fixtures/rules/selector-changed/fail-key-added/before.yaml"
after="$fixtures/rules/selector-changed/fail-key-added/after.yaml"
check() {  # check COMMAND...: a refused upgrade must exit 1 and say why
    local code=0
    "$@" check "$after" --before "$before" --helm-version 3 >"$room/out" 2>&1 || code=$?
    [ "$code" -eq 1 ] && grep -q "selector-changed" "$room/out" || { cat "$room/out"; echo "exit $code"; return 1; }
}
"$room/env/bin/policylint" --version
check "$room/env/bin/policylint"
[ "$("$room/env/bin/policylint" rules --format json | "$room/env/bin/python" -c 'import json, sys; print(len(json.load(sys.stdin)["rules"]) > 20)')" = True ]
# the wheel itself on the path: everything must load from inside the zip
"$room/env/bin/python" -m pip uninstall --quiet --yes policylint
check env PYTHONPATH="$wheel" "$room/env/bin/python" -m policylint
echo "the wheel works, installed and zipped"

#!/bin/sh
# helm policylint upgrade ...: judge what `helm upgrade ...` would do; all else is policylint's own command line.
set -eu
helm="${HELM_BIN:-helm}"
case "${1:-}" in
upgrade | install) exec "${POLICYLINT:-policylint}" check --helm "$helm" -- helm "$@" ;;
*) exec "${POLICYLINT:-policylint}" "$@" ;;
esac

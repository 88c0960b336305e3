#!/usr/bin/env bash
# Build a kube-apiserver of one Kubernetes version from the published Go modules: build.sh 1.36.3 PATH_OF_THE_BINARY
# Takes Go and some minutes. A version whose staging modules were not all published cannot be built (1.32.13).
set -euo pipefail

version=${1:?usage: build.sh VERSION BINARY}
binary=$(realpath -m "${2:?usage: build.sh VERSION BINARY}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$here/main.go" "$work/"
cd "$work"
go mod init apiserver
go mod edit -require "k8s.io/kubernetes@v$version"
gomod=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
# Kubernetes' own go.mod points its staging modules at directories that the published module does not hold.
grep -E '=> \./staging/' "$gomod" | awk '{print $1}' | while read -r module; do
	go mod edit -replace "$module=$module@v0.${version#1.}"
done
go mod tidy
mkdir -p "$(dirname "$binary")"
nice go build -trimpath -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$version \
	-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$version")" \
	-o "$binary" .

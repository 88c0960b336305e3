#!/usr/bin/env bash
# Start etcd and a real kube-apiserver on loopback, run a command against them (default: the tests of tests/e2e),
# and stop both whatever happens.
#
#   scripts/e2e.sh                                      the end-to-end tests
#   scripts/e2e.sh python scripts/record_oracle.py --context e2e --out recorded --cluster-scoped
#
# KUBERNETES      the version (default 1.36.3)
# KUBE_APISERVER  its binary; else one built by scripts/apiserver/build.sh, kept in ~/.cache/policylint
# ETCD            etcd's binary; else the one on PATH (Debian: etcd-server)
#
# The command finds the cluster by KUBECONFIG, context e2e, which may do everything; context guest may do nothing that
# no role gives it. There are no controllers: nothing gets ready, no pod runs.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=${KUBERNETES:-1.36.3}
server=${KUBE_APISERVER:-${XDG_CACHE_HOME:-$HOME/.cache}/policylint/kube-apiserver-$version}
etcd=${ETCD:-$(command -v etcd || true)}
if [ ! -x "$etcd" ]; then
	echo "e2e: no etcd: install etcd-server, or set ETCD" >&2
	exit 2
fi
if [ ! -x "$server" ]; then
	echo "e2e: building kube-apiserver $version, which takes some minutes" >&2
	"$root/scripts/apiserver/build.sh" "$version" "$server"
fi

work=$(mktemp -d)
pids=()
command=
# The command with all that it started, then the server, while etcd still answers it, then etcd; each gets some
# seconds, then no choice.
stop() {
	trap '' HUP INT TERM
	if [ -n "$command" ]; then end "-$command" INT TERM KILL; fi
	for ((index = ${#pids[@]} - 1; index >= 0; index--)); do end "${pids[index]}" TERM KILL; done
	rm -rf "$work"
}
end() {
	local target=$1 signal
	shift
	for signal; do
		kill "-$signal" -- "$target" 2>/dev/null || return 0
		for _ in $(seq 50); do
			kill -0 -- "$target" 2>/dev/null || return 0
			sleep 0.1
		done
	done
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# Where this script itself is killed without a chance to stop anything, the kernel ends its servers.
bound=()
if setpriv --pdeathsig KILL true 2>/dev/null; then bound=(setpriv --pdeathsig KILL); fi

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
client=$(port) peer=$(port) secure=$(port)
token=$(python3 -c 'import secrets; print(secrets.token_hex(16))')
umask 077
guest=$(python3 -c 'import secrets; print(secrets.token_hex(16))')
{ echo "$token,e2e,e2e,system:masters"; echo "$guest,guest,guest,"; } >"$work/tokens.csv"
openssl genrsa -out "$work/accounts.key" 2048 2>/dev/null

${bound[@]+"${bound[@]}"} "$etcd" --data-dir "$work/etcd" --unsafe-no-fsync --listen-client-urls "http://127.0.0.1:$client" \
	--advertise-client-urls "http://127.0.0.1:$client" --listen-peer-urls "http://127.0.0.1:$peer" \
	--initial-advertise-peer-urls "http://127.0.0.1:$peer" --initial-cluster "default=http://127.0.0.1:$peer" \
	>"$work/etcd.log" 2>&1 &
pids+=($!)
${bound[@]+"${bound[@]}"} "$server" --etcd-servers="http://127.0.0.1:$client" --bind-address=127.0.0.1 --secure-port="$secure" \
	--cert-dir="$work/certs" --service-account-issuer=https://e2e.invalid \
	--service-account-key-file="$work/accounts.key" --service-account-signing-key-file="$work/accounts.key" \
	--token-auth-file="$work/tokens.csv" --authorization-mode=RBAC --allow-privileged=true \
	--service-cluster-ip-range=10.96.0.0/12 --endpoint-reconciler-type=none \
	--disable-admission-plugins=ServiceAccount --storage-media-type=application/json >"$work/server.log" 2>&1 &
pids+=($!)

cat >"$work/kubeconfig" <<EOF
apiVersion: v1
kind: Config
current-context: e2e
clusters: [{name: e2e, cluster: {server: "https://127.0.0.1:$secure", insecure-skip-tls-verify: true}}]
users: [{name: e2e, user: {token: $token}}, {name: guest, user: {token: $guest}}]
contexts: [{name: e2e, context: {cluster: e2e, user: e2e}}, {name: guest, context: {cluster: e2e, user: guest}}]
EOF
export KUBECONFIG=$work/kubeconfig POLICYLINT_E2E_CONTEXT=e2e KUBE_APISERVER=$server ETCD=$etcd

for _ in $(seq 120); do
	curl -skf -H "Authorization: Bearer $token" "https://127.0.0.1:$secure/readyz" >/dev/null && ready=yes && break
	kill -0 "${pids[1]}" 2>/dev/null || break
	sleep 0.5
done
if [ -z "${ready:-}" ]; then
	echo "e2e: the API server did not get ready:" >&2
	tail -n 20 "$work/etcd.log" "$work/server.log" >&2
	exit 2
fi

cd "$root"
if [ $# -eq 0 ]; then set -- "${PYTHON:-$root/.venv/bin/python}" -m pytest tests/e2e; fi
# In the background and as a group of its own: bash obeys a signal at once only while it waits.
set -m
"$@" </dev/null &
command=$!
set +m
code=0
wait "$command" || code=$?
command=
exit "$code"

#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Removes what bench-up.sh and bench.sh started, whatever state it is in.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/../lab/functions.sh"
# shellcheck source=tests/bench/places.sh
. "$here/places.sh"

need_root
gateway_stop "$bench_state"
# what bench.sh had beside it
for further in "$bench_state"/with-*; do
	gateway_stop "$further"
	"$here/../lab/slapd.sh" stop "$further/slapd"
	processes_stop "$further/proxy.pid"
done
"$here/peers.sh" stop
processes_stop "$bench_state/sink.pid"
"$here/auth_site.sh" stop
"$here/../lab/slapd.sh" stop "$bench_state/slapd"
rm -rf "$bench_state" "$bench_dir"
gateway_users_remove

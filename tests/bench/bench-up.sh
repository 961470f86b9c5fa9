#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The gateway alone on loopback with slapd and a thousand users, for load: plain text is
# allowed, quota is off. Writes build/bench/bench.env. BENCH_NO_GATEWAY=1 starts slapd only.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/../lab/functions.sh"
# shellcheck source=tests/bench/places.sh
. "$here/places.sh"
# shellcheck source=tests/bench/instance.sh
. "$here/instance.sh"

bench_whole() {
	[ -e "$bench_dir/bench.env" ] && [ -n "$("$here/../lab/slapd.sh" pid "$bench_state/slapd")" ] &&
		{ [ -n "${BENCH_NO_GATEWAY:-}" ] || instance_answers; }
}

write_environment() {
	local pids=''
	if [ -z "${BENCH_NO_GATEWAY:-}" ]; then
		# shellcheck disable=SC2046 # one pid
		pids=$("$here/procs.py" -l $(processes_live "$bench_state/gateway.pid"))
	fi
	mkdir -p "$bench_dir"
	cat >"$bench_dir/bench.env.new" <<-END
		BENCH_ADDRESS=$bench_address
		BENCH_SMTP_PORT=$bench_smtp_port
		BENCH_POP3_PORT=$bench_pop3_port
		BENCH_MAIL_ROOT=$bench_state/mail
		BENCH_LDAP_URI=ldap://$bench_address:$bench_ldap_port
		BENCH_PIDS='$pids'
	END
	mv "$bench_dir/bench.env.new" "$bench_dir/bench.env"
}

main() {
	need_root
	instance_use "$bench_state" "$bench_address"
	if bench_whole; then
		echo "The benchmark's gateway runs already: $bench_dir/bench.env"
		return
	fi
	"$here/bench-down.sh"
	mkdir -p "$bench_state"
	chmod 755 "$labs_root" "$bench_state"
	population "$bench_users" >"$bench_state/people.ldif"
	"$here/../lab/slapd.sh" start "$bench_state/slapd" "$bench_ldap_port" \
		"$bench_state/people.ldif" -a "$bench_address" -s "$bench_suffix"
	[ -n "${BENCH_NO_GATEWAY:-}" ] || instance_start
	write_environment
	echo "The benchmark's gateway runs: $bench_dir/bench.env"
}

main

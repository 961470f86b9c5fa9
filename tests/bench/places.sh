# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034,SC2154
# The places of the benchmark. Sourced after tests/lab/functions.sh.

bench_name=${BENCH_NAME:-postern-bench}
bench_dir=${BENCH_DIR:-$top/build/bench}
bench_state=$labs_root/$bench_name
bench_address=127.0.0.1
bench_smtp_port=2525
bench_pop3_port=2110
bench_starttls_port=2524
bench_submission_port=2587
bench_pop3s_port=2995
bench_ldap_port=2389
bench_relay_port=2523
bench_sink_port=2600
bench_sink_count=$bench_state/sink.count
bench_domain=bench.example
bench_suffix=dc=bench,dc=example
bench_users=1000
auth_users=40
auth_state=$labs_root/$bench_name-auth
auth_tickets=$auth_state/tickets
bench_bind_dn=cn=postern,$bench_suffix
bench_bind_password=Service-Pw1
bench_programs=${BENCH_PROGRAMS:-$top/build/tests/bench}

# Connections are counted in tens of thousands.
raise_descriptors() {
	ulimit -n 262144 2>/dev/null || ulimit -n "$(ulimit -Hn)"
}

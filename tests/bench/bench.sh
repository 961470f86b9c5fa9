#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Measures the gateway beside its peers: same machine, same slapd, same disk, the same
# minutes, taking turns. The load generator shares the processors with them.
#
#   bench NAME postern=X peer=Y ratio=R unit=U    one line a row. Rates: R = X/Y. Where less is
#                   better (KB, ms, s/1000): R = Y/X. A row without a peer has "-".
#   cpu NAME ...    processor seconds for 1,000 messages or sessions: the system's own, slapd's
#                   (in the rows auth_* those of the domain's controller with its winbind) and
#                   the load generator's; the share is ours by the peer's
#   busy NAME ...   processors in use by all of these, and those that had nothing to do: with
#                   none idle they are what bounds; what neither used, others on the machine did
#   bound NAME=V    what the bare disk, bare GnuTLS and slapd allow, measured in the same run
#   share NAME ...  what share of such a bound the row reaches
#   scale TABLE N   the same work, more of it
#   detail NAME ... what else was seen
#
# Every message counts only when it lies in its Maildir, and every reply is checked: one that
# is not as expected fails the run. No TLS session is resumed: each is a whole handshake.
# BENCH_SECONDS (2) one measurement, BENCH_ROUNDS (2) turns, BENCH_IDLE (10000) and BENCH_HELD
# (50000) connections held, BENCH_ROWS which rows.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/../lab/functions.sh"
# shellcheck source=tests/bench/places.sh
. "$here/places.sh"
# shellcheck source=tests/bench/instance.sh
. "$here/instance.sh"
# shellcheck source=tests/bench/measure.sh
. "$here/measure.sh"
# shellcheck source=tests/bench/rows_memory.sh
. "$here/rows_memory.sh"
# shellcheck source=tests/bench/rows_maildrop.sh
. "$here/rows_maildrop.sh"
# shellcheck source=tests/bench/rows_directory.sh
. "$here/rows_directory.sh"
# shellcheck source=tests/bench/rows_auth.sh
. "$here/rows_auth.sh"
# shellcheck source=tests/bench/rows_relay.sh
. "$here/rows_relay.sh"

rows=${BENCH_ROWS:-bound smtp_deliver_1 smtp_deliver_100 smtp_starttls_1 smtp_starttls_100 \
	smtp_deliver_200k smtp_fanout_100 smtp_relay submission pop3_login pop3_fetch pop3s_login pop3s_fetch \
	open_maildrop idle_memory idle_memory_tls idle_held directory_50ms auth_gssapi \
	auth_ntlm auth_plain_cached scale_sessions scale_directory queue_waiting}

# Users up to here get the mail of the delivery rows, the next ones own mailboxes of growing
# size, and the last hundred 13 messages each.
delivery_users=880
opened_user=890
fetch_first=900
fetch_users=100
fetch_messages=13

# smtp_row ROW SERVICE PEER LOADGEN-ARGUMENTS... -- BOUND...
smtp_row() {
	local row=$1 service=$2 peer=$3 round system arguments=()
	shift 3
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	shift
	for ((round = 0; round < rounds; round++)); do
		for system in "$peer" postern; do
			measure "$row" "$system" "$service" smtp -t "$seconds" -u "$delivery_users" \
				-w "$(system_mail "$system")" "${arguments[@]}"
			mailboxes_empty "$system"
		done
	done
	print_row "$row" msg/s "$peer" "$@"
}

# The delivery rows begin with empty mailboxes.
mailboxes_empty() {
	local system=$1 root
	root=$(system_mail "$system")
	[ "$system" != postern ] || root=$root/$bench_domain
	(cd "$root" && for ((i = 0; i < delivery_users; i++)); do
		echo "u$i/new"
	done | xargs sh -c 'find "$@" -type f -delete' sh)
}

# pop3_row ROW SERVICE LOADGEN-ARGUMENTS...: beside the better of the two Dovecots.
pop3_row() {
	local row=$1 service=$2 mode=$3 round system better tuned default
	shift 3
	for ((round = 0; round < rounds; round++)); do
		for system in dovecot-default dovecot-tuned postern; do
			# the slow one once, to show that it is
			[ "$system/$round" = dovecot-default/1 ] ||
				measure "$row" "$system" "$service" "$mode" -t "$seconds" "$@"
		done
	done
	read -r tuned _ <<<"$(summarize "$row" dovecot-tuned)"
	read -r default _ <<<"$(summarize "$row" dovecot-default)"
	better=$(awk '{ print ($1 >= $2) ? "dovecot-tuned" : "dovecot-default" }' <<<"$tuned $default")
	if [ "$service" = pop3s ]; then
		print_row "$row" sessions/s "$better" slapd_binds tls_handshakes
	else
		print_row "$row" sessions/s "$better" slapd_binds
	fi
	echo "detail $row dovecot_tuned=$tuned dovecot_default=$default unit=sessions/s"
	if [ "$row" = pop3s_login ]; then
		measure "$row-resumed" postern "$service" "$mode" -t "$seconds" -R
		echo "detail $row postern_resumed=$(summarize "$row-resumed" postern | cut -d' ' -f1) unit=sessions/s"
	fi
}

# bound_keep NAME: prints what a bound program says; its first line is remembered as NAME's.
bound_keep() {
	tee >(sed -n "s/^bound durable_files=\([0-9]*\).*/$1 \1/p; s/^bound \([a-z_]*\)=\([0-9]*\).*/\1 \2/p" \
		>>"$bounds") | sed "s/durable_files=/$1=/"
}

bound() {
	mkdir "$bench_state/bound"
	"$bench_programs/bound" "$bench_state/bound" 2 20 10240 | bound_keep durable_files
	"$bench_programs/bound" "$bench_state/bound" 2 50 204800 | bound_keep durable_files_200k
	rm -rf "$bench_state/bound"
	"$bench_programs/bound_tls" "$bench_state/server.pem" "$bench_state/server.key" 2 |
		bound_keep tls_handshakes
	"$bench_programs/bound_ldap" "ldap://$bench_address:$bench_ldap_port" "$bench_suffix" \
		"$bench_domain" "$bench_users" 2 | bound_keep slapd
}

# fill SYSTEM ARGUMENTS...
fill() {
	local system=$1
	shift
	"$loadgen" smtp -p "$(system_port "$system" smtp)" -m 100 -w "$(system_mail "$system")" "$@" \
		>/dev/null || die "filling mailboxes of $system failed"
}

# Every mailbox exists before anything is measured; the last hundred hold what is fetched.
fill_mailboxes() {
	local system
	for system in postfix postern; do
		fill "$system" -n "$fetch_first" -u "$fetch_first"
		fill "$system" -n $((fetch_users * fetch_messages)) -f "$fetch_first" -u "$fetch_users"
	done
}

scale_sessions() {
	local sessions system
	for sessions in 1 4 16 64 256; do
		for system in postfix postern; do
			measure "scale_$sessions" "$system" smtp smtp -t "$seconds" -s "$sessions" \
				-u "$delivery_users" -w "$(system_mail "$system")"
			mailboxes_empty "$system"
		done
		echo "scale sessions $sessions" \
			"postern=$(summarize "scale_$sessions" postern | cut -d' ' -f1)" \
			"peer=$(summarize "scale_$sessions" postfix | cut -d' ' -f1) unit=msg/s"
	done
}

run_row() {
	local fetch=(-f "$fetch_first" -u "$fetch_users" -e "$fetch_messages")
	case $1 in
	bound) bound ;;
	smtp_deliver_1) smtp_row "$1" smtp postfix -m 1 -- durable_files ;;
	smtp_deliver_100) smtp_row "$1" smtp postfix -m 100 -- durable_files ;;
	smtp_starttls_1) smtp_row "$1" starttls postfix -m 1 -- durable_files tls_handshakes ;;
	smtp_starttls_100) smtp_row "$1" starttls postfix -m 100 -- durable_files ;;
	smtp_deliver_200k) smtp_row "$1" smtp postfix -m 1 -s 50 -z 204800 -- durable_files_200k ;;
	smtp_fanout_100) smtp_row "$1" smtp postfix -m 1 -r 100 -- durable_files ;;
	submission)
		smtp_row "$1" submission postfix+dovecot -m 1 -- durable_files tls_handshakes slapd_binds
		;;
	pop3_login) pop3_row "$1" pop3 pop3-login ;;
	pop3_fetch) pop3_row "$1" pop3 pop3-fetch "${fetch[@]}" ;;
	pop3s_login) pop3_row "$1" pop3s pop3-login ;;
	pop3s_fetch) pop3_row "$1" pop3s pop3-fetch "${fetch[@]}" ;;
	open_maildrop | idle_memory | idle_memory_tls | idle_held) "$1" ;;
	auth_gssapi | auth_ntlm | auth_plain_cached) "$1" ;;
	smtp_relay | queue_waiting) "$1" ;;
	directory_50ms | scale_directory | scale_sessions) "$1" ;;
	*) die "unknown row $1" ;;
	esac
}

# The rows auth_* have a place of their own.
needs_peers() {
	local row
	for row in $rows; do
		[[ $row == auth_* ]] || return 0
	done
	return 1
}

main() {
	local row started=$SECONDS failed=''
	need_root
	raise_descriptors
	# Mailboxes must hold what this run put there and nothing else.
	"$here/bench-down.sh"
	trap '"$here/bench-down.sh"' EXIT
	mkdir -p "$bench_state"
	if needs_peers; then
		"$here/bench-up.sh" >/dev/null
		"$here/peers.sh" start
		fill_mailboxes
	fi
	for row in $rows; do
		# in a process of its own, so that the first error ends the row, and only the row
		run_row "$row" &
		wait $! || failed+=" $row"
	done
	echo "detail time all=$((SECONDS - started)) unit=s"
	[ -z "$failed" ] || die "failed:$failed"
}

main

#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Measures the gateway beside its peers: same machine, same slapd, same disk, the same
# minutes, taking turns. The load generator shares the processors with them.
#
#   bench NAME postern=X peer=Y ratio=R unit=U    one line a row. Rates: R = X/Y. Memory: R = Y/X.
#   cpu NAME ...    processor seconds for 1,000 messages or sessions: the system's own, slapd's
#                   and the load generator's
#   busy NAME ...   processors in use by all of these: near their number they are what bounds
#   detail NAME ... what else was seen; bound ... what the bare disk allows
#
# Every message counts only when it lies in its Maildir, and every reply is checked: one that
# is not as expected fails the run. BENCH_SECONDS (4) one measurement, BENCH_ROUNDS (2) turns,
# BENCH_IDLE (10000) connections held, BENCH_ROWS which rows.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/../lab/functions.sh"
# shellcheck source=tests/bench/places.sh
. "$here/places.sh"

seconds=${BENCH_SECONDS:-4}
rounds=${BENCH_ROUNDS:-2}
idle=${BENCH_IDLE:-10000}
idle_default=300 # a process each
rows=${BENCH_ROWS:-bound smtp_deliver_1 smtp_deliver_100 pop3_login pop3_fetch idle_memory}
loadgen=$bench_programs/loadgen
results=$bench_state/results

# Users up to here get the mail of the delivery rows; the others own 13 messages each.
delivery_users=900
fetch_users=100
fetch_messages=13

system_pid() {
	case $1 in
	postern) processes_live "$bench_state/gateway.pid" ;;
	*) "$here/peers.sh" pid "$1" ;;
	esac
}

system_smtp_port() {
	case $1 in
	postern) echo "$bench_smtp_port" ;;
	postfix) echo 2526 ;;
	esac
}

system_pop3_port() {
	case $1 in
	postern) echo "$bench_pop3_port" ;;
	dovecot-tuned) echo 2111 ;;
	dovecot-default) echo 2112 ;;
	esac
}

system_mail() {
	case $1 in
	postern) echo "$bench_state/mail" ;;
	*) echo "$bench_state/peer-mail" ;;
	esac
}

cpu_of() {
	"$here/procs.py" "$@" | cut -d' ' -f1
}

slapd_cpu() {
	# shellcheck disable=SC2046 # one pid
	cpu_of $("$here/../lab/slapd.sh" pid "$bench_state/slapd")
}

# field NAME LINE: the value of NAME=value in it.
field() {
	sed -n "s/.* $1=\([0-9.]*\).*/\1/p" <<<"$2"
}

# measure ROW SYSTEM LOADGEN-ARGUMENTS...: one line in the results:
# ROW SYSTEM COUNT SECONDS CPU SLAPD-CPU LOADGEN-CPU RETR/S MB/S
measure() {
	local row=$1 system=$2 pid line cpu slapd
	shift 2
	pid=$(system_pid "$system")
	sync
	cpu=$(cpu_of "$pid")
	slapd=$(slapd_cpu)
	line=$("$loadgen" "$@") || die "$row against $system failed: $line"
	echo "$row $system $(field count "$line") $(field seconds "$line")" \
		"$(cpu_of "$pid") $cpu $(slapd_cpu) $slapd" \
		"$(field cpu "$line") $(field retr_rate "$line") $(field mb_rate "$line")" |
		awk '{ print $1, $2, $3, $4, $5 - $6, $7 - $8, $9, $10 + 0, $11 + 0 }' >>"$results"
}

# summarize ROW SYSTEM: "RATE CPU-PER-1000+SLAPD'S+LOADGEN'S RETR/S MB/S" of all its turns.
summarize() {
	awk -v row="$1" -v system_name="$2" '
		$1 == row && $2 == system_name {
			n += $3; t += $4; cpu += $5; slapd += $6; load += $7; retr += $8; mb += $9; turns++
		}
		END {
			printf "%.1f %.3f+%.3f+%.3f %.0f %.1f\n", n / t, 1000 * cpu / n,
				1000 * slapd / n, 1000 * load / n, retr / turns, mb / turns
		}' "$results"
}

# print_row ROW UNIT PEER
print_row() {
	local ours theirs
	ours=$(summarize "$1" postern)
	theirs=$(summarize "$1" "$3")
	awk -v row="$1" -v unit="$2" -v peer="$3" -v cores="$(nproc)" '
		function busy(rate, each, parts) {
			split(each, parts, "+")
			return rate * (parts[1] + parts[2] + parts[3]) / 1000
		}
		{
			printf "bench %s postern=%s peer=%s ratio=%.2f unit=%s\n", row, $1, $5, $1 / $5, unit
			printf "cpu %s postern=%s peer=%s unit=s/1000 (system+slapd+loadgen; peer is %s)\n",
				row, $2, $6, peer
			printf "busy %s postern=%.2f peer=%.2f unit=cores (of %d; the rest waits)\n",
				row, busy($1, $2), busy($5, $6), cores
			if ($3 > 0)
				printf "detail %s postern_retr=%s peer_retr=%s unit=RETR/s postern_mb=%s peer_mb=%s unit=MB/s\n",
					row, $3, $7, $4, $8
		}' <<<"$ours $theirs"
}

# smtp_row ROW MESSAGES-PER-SESSION
smtp_row() {
	local round system
	for ((round = 0; round < rounds; round++)); do
		for system in postfix postern; do
			measure "$1" "$system" smtp -p "$(system_smtp_port "$system")" -t "$seconds" \
				-m "$2" -u "$delivery_users" -w "$(system_mail "$system")"
		done
	done
	print_row "$1" msg/s postfix
}

# pop3_row ROW LOADGEN-ARGUMENTS...: beside the better of the two Dovecots.
pop3_row() {
	local row=$1 mode=$2 round system better tuned default
	shift 2
	for ((round = 0; round < rounds; round++)); do
		for system in dovecot-default dovecot-tuned postern; do
			measure "$row" "$system" "$mode" -p "$(system_pop3_port "$system")" -t "$seconds" "$@"
		done
	done
	read -r tuned _ <<<"$(summarize "$row" dovecot-tuned)"
	read -r default _ <<<"$(summarize "$row" dovecot-default)"
	better=$(awk '{ print ($1 >= $2) ? "dovecot-tuned" : "dovecot-default" }' <<<"$tuned $default")
	print_row "$row" sessions/s "$better"
	echo "detail $row dovecot_tuned=$tuned dovecot_default=$default unit=sessions/s"
}

# idle_each SYSTEM CONNECTIONS [-l]: kilobytes of proportional set size for each connection.
idle_each() {
	local system=$1 count=$2 pid before after
	shift 2
	pid=$(system_pid "$system")
	before=$("$here/procs.py" "$pid")
	"$loadgen" pop3-idle -p "$(system_pop3_port "$system")" -s "$count" "$@" \
		-x "$here/procs.py $pid >$bench_state/held" >/dev/null ||
		die "idle connections to $system failed"
	after=$(cat "$bench_state/held")
	awk -v n="$count" '{ printf "%.2f\n", ($6 - $2) / n }' <<<"$before $after"
}

# print_idle ROW OURS THEIRS
print_idle() {
	awk -v row="$1" '{ printf "bench %s postern=%s peer=%s ratio=%.2f unit=KB\n", row, $1, $2,
		($1 > 0) ? $2 / $1 : 0 }' <<<"$2 $3"
}

idle_memory() {
	local ours tuned default
	tuned=$(idle_each dovecot-tuned "$idle")
	default=$(idle_each dovecot-default "$idle_default")
	ours=$(idle_each postern "$idle")
	print_idle idle_memory "$ours" "$tuned"
	echo "detail idle_memory connections=$idle dovecot_default=$default unit=KB (there with $idle_default)"
	tuned=$(idle_each dovecot-tuned "$idle_default" -l)
	ours=$(idle_each postern 1000 -l)
	print_idle idle_memory_logged_in "$ours" "$tuned"
}

bound() {
	mkdir "$bench_state/bound"
	"$bench_programs/bound" "$bench_state/bound" 2
	rm -rf "$bench_state/bound"
}

# fill SYSTEM ARGUMENTS...
fill() {
	local system=$1
	shift
	"$loadgen" smtp -p "$(system_smtp_port "$system")" -m 100 -w "$(system_mail "$system")" "$@" \
		>/dev/null || die "filling mailboxes of $system failed"
}

# Every mailbox exists before anything is measured; the last hundred hold what is fetched.
fill_mailboxes() {
	local system
	for system in postfix postern; do
		fill "$system" -n "$delivery_users" -u "$delivery_users"
		fill "$system" -n $((fetch_users * fetch_messages)) -f "$delivery_users" -u "$fetch_users"
	done
}

run_row() {
	case $1 in
	bound) bound ;;
	smtp_deliver_1) smtp_row "$1" 1 ;;
	smtp_deliver_100) smtp_row "$1" 100 ;;
	pop3_login) pop3_row "$1" pop3-login ;;
	pop3_fetch) pop3_row "$1" pop3-fetch -f "$delivery_users" -u "$fetch_users" -e "$fetch_messages" ;;
	idle_memory) idle_memory ;;
	*) die "unknown row $1" ;;
	esac
}

main() {
	local row
	need_root
	raise_descriptors
	# Mailboxes must hold what this run put there and nothing else.
	"$here/bench-down.sh"
	trap '"$here/bench-down.sh"' EXIT
	"$here/bench-up.sh" >/dev/null
	"$here/peers.sh" start
	fill_mailboxes
	for row in $rows; do
		run_row "$row"
	done
}

main

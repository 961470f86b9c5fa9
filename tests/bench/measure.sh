# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154
# How bench.sh measures and prints. Sourced after instance.sh.

seconds=${BENCH_SECONDS:-2}
rounds=${BENCH_ROUNDS:-2}
loadgen=$bench_programs/loadgen
results=$bench_state/results
bounds=$bench_state/bounds

# system_pid SYSTEM SERVICE: of each process tree that belongs to it.
system_pid() {
	case $1/${2:-} in
	*/auth) "$here/auth_site.sh" pid "$1" ;;
	postern/*) processes_live "$bench_state/gateway.pid" ;;
	postfix+dovecot/*)
		"$here/peers.sh" pid postfix
		"$here/peers.sh" pid dovecot-tuned
		;;
	*) "$here/peers.sh" pid "$1" ;;
	esac
}

# system_port SYSTEM SERVICE
system_port() {
	case $1/$2 in
	postern/smtp) echo "$bench_smtp_port" ;;
	postern/starttls) echo "$bench_starttls_port" ;;
	postern/relay) echo "$bench_relay_port" ;;
	postern/submission) echo "$bench_submission_port" ;;
	postern/pop3) echo "$bench_pop3_port" ;;
	postern/pop3s) echo "$bench_pop3s_port" ;;
	postern/auth) echo 110 ;;
	dovecot-asks/auth) echo 2111 ;;
	dovecot-remembers/auth) echo 2112 ;;
	postfix/smtp) echo 2526 ;;
	postfix/starttls) echo 2527 ;;
	postfix/relay) echo 2528 ;;
	postfix+dovecot/submission) echo 2588 ;;
	dovecot-tuned/pop3) echo 2111 ;;
	dovecot-tuned/pop3s) echo 2113 ;;
	dovecot-default/pop3) echo 2112 ;;
	dovecot-default/pop3s) echo 2114 ;;
	*) die "no $2 at $1" ;;
	esac
}

# service_options SERVICE: what the load generator is told besides.
service_options() {
	case $1 in
	starttls) echo -S ;;
	submission) echo -S -l ;;
	relay) echo -d sink.example ;;
	pop3s) echo -T ;;
	auth) echo -a 10.53.0.2 -d corp.example -k mail.corp.example -u "$auth_users" -c "$auth_tickets" ;;
	esac
}

# load_at SERVICE ARGUMENTS...: the load generator, where the service is.
load_at() {
	local service=$1
	shift
	if [ "$service" = auth ]; then
		"$here/auth_site.sh" run "$loadgen" "$@"
	else
		"$loadgen" "$@"
	fi
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

# directory_cpu SERVICE: of slapd, or of the domain's controller with its winbind.
directory_cpu() {
	local pid
	if [ "$1" = auth ]; then
		pid=$("$here/auth_site.sh" pid directory)
	else
		pid=$("$here/../lab/slapd.sh" pid "$bench_state/slapd")
	fi
	cpu_of "$pid"
}

# Seconds all processors together have idled.
machine_idle() {
	awk -v ticks="$(getconf CLK_TCK)" '$1 == "cpu" { print ($5 + $6) / ticks }' /proc/stat
}

# field NAME LINE: the value of NAME=value in it.
field() {
	sed -n "s/.* $1=\([0-9.]*\).*/\1/p" <<<"$2"
}

# measure ROW SYSTEM SERVICE LOADGEN-ARGUMENTS...: one line in the results:
# ROW SYSTEM COUNT SECONDS CPU DIRECTORY-CPU LOADGEN-CPU IDLE RETR/S MB/S
measure() {
	local row=$1 system=$2 service=$3 mode=$4 pids line cpu directory idled
	shift 4
	pids=$(system_pid "$system" "$service")
	sync
	# shellcheck disable=SC2086,SC2046 # several pids, several options
	{
		cpu=$(cpu_of $pids)
		directory=$(directory_cpu "$service")
		idled=$(machine_idle)
		line=$(load_at "$service" "$mode" -p "$(system_port "$system" "$service")" \
			$(service_options "$service") "$@") || die "$row against $system failed: $line"
		echo "$row $system $(field count "$line") $(field seconds "$line")" \
			"$(cpu_of $pids) $cpu $(directory_cpu "$service") $directory" \
			"$(field cpu "$line") $(machine_idle) $idled $(field retr_rate "$line") $(field mb_rate "$line")" |
			awk '{ print $1, $2, $3, $4, $5 - $6, $7 - $8, $9, $10 - $11, $12 + 0, $13 + 0 }' >>"$results"
	}
}

# summarize ROW SYSTEM: "RATE CPU-PER-1000+DIRECTORY'S+LOADGEN'S RETR/S MB/S IDLE-CORES" of all its
# turns.
summarize() {
	awk -v row="$1" -v system_name="$2" '
		$1 == row && $2 == system_name {
			n += $3; t += $4; cpu += $5; directory += $6; load += $7; idle += $8; retr += $9; mb += $10; turns++
		}
		END {
			printf "%.1f %.3f+%.3f+%.3f %.0f %.1f %.2f\n", n / t, 1000 * cpu / n,
				1000 * directory / n, 1000 * load / n, retr / turns, mb / turns, idle / t
		}' "$results"
}

# print_row ROW UNIT PEER BOUND...: PEER may be "-"; the rate, the processor time, and what share of each bound
# the rate is.
print_row() {
	local row=$1 unit=$2 peer=$3 ours theirs
	shift 3
	ours=$(summarize "$row" postern)
	if [ "$peer" = - ]; then
		print_alone "$row" "${ours%% *}" "$unit"
		print_alone "${row}_cpu" "$(cut -d' ' -f2 <<<"$ours" | cut -d+ -f1)" s/1000
		print_shares "$row" "${ours%% *}" "$@"
		return
	fi
	theirs=$(summarize "$row" "$peer")
	awk -v row="$row" -v unit="$unit" -v peer="$peer" -v cores="$(nproc)" '
		function busy(rate, each, parts) {
			split(each, parts, "+")
			return rate * (parts[1] + parts[2] + parts[3]) / 1000
		}
		{
			printf "bench %s postern=%s peer=%s ratio=%.2f unit=%s\n", row, $1, $6, $1 / $6, unit
			if ($2 + 0 > 0)
				printf "bench %s_cpu postern=%.3f peer=%.3f ratio=%.2f unit=s/1000\n",
					row, $2, $7, ($7 + 0) / ($2 + 0)
			printf "cpu %s postern=%s peer=%s unit=s/1000 (system+directory+loadgen; peer is %s; share %.3f)\n",
				row, $2, $7, peer, ($7 + 0 > 0) ? ($2 + 0) / ($7 + 0) : 0
			printf "busy %s postern=%.2f peer=%.2f unit=cores (of %d; idle meanwhile %.2f and %.2f)\n",
				row, busy($1, $2), busy($6, $7), cores, $5, $10
			if ($3 > 0)
				printf "detail %s postern_retr=%s peer_retr=%s unit=RETR/s postern_mb=%s peer_mb=%s unit=MB/s\n",
					row, $3, $8, $4, $9
		}' <<<"$ours $theirs"
	print_shares "$row" "${ours%% *}" "$@"
}

# print_shares ROW RATE BOUND...
print_shares() {
	local row=$1 rate=$2 name
	shift 2
	[ -e "$bounds" ] || return 0
	for name in "$@"; do
		awk -v row="$row" -v rate="$rate" -v name="$name" '$1 == name {
			printf "share %s postern=%s %s=%s share=%.3f\n", row, rate, name, $2, rate / $2
		}' "$bounds"
	done
}

# print_less ROW OURS THEIRS UNIT: where less is better, the ratio is theirs by ours.
print_less() {
	awk -v row="$1" -v unit="$4" '{ printf "bench %s postern=%s peer=%s ratio=%.2f unit=%s\n",
		row, $1, $2, ($1 > 0) ? $2 / $1 : 0, unit }' <<<"$2 $3"
}

# print_alone ROW OURS UNIT: a row without a peer.
print_alone() {
	echo "bench $1 postern=$2 peer=- ratio=- unit=$3"
}

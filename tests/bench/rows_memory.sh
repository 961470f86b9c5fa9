# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154
# Rows of idle connections. Memory is the proportional set size of all processes of a system,
# so pages shared between them count once; the kernel's own (sockets) is not in it.

idle=${BENCH_IDLE:-10000}
held=${BENCH_HELD:-50000}
idle_default=300 # a process each

# idle_each SYSTEM CONNECTIONS SERVICE [-l]: kilobytes for each connection. Ours is a gateway that
# has done nothing before: memory given back by earlier work would hide what a connection needs.
idle_each() {
	local system=$1 count=$2 service=$3 pid before after address=$bench_address
	shift 3
	if [ "$system" = postern ]; then
		instance_use "$bench_state/with-idle" 127.0.1.5
		instance_start
		address=$instance_address
		pid=$(processes_live "$instance/gateway.pid")
	else
		pid=$(system_pid "$system")
	fi
	before=$("$here/procs.py" "$pid")
	# shellcheck disable=SC2046 # several options
	"$loadgen" pop3-idle -p "$(system_port "$system" "$service")" $(service_options "$service") \
		-a "$address" -s "$count" "$@" -x "$here/procs.py $pid >$bench_state/held" >/dev/null ||
		die "idle connections to $system failed"
	after=$(cat "$bench_state/held")
	[ "$system" != postern ] || instance_stop
	awk -v n="$count" '{ printf "%.2f\n", ($6 - $2) / n }' <<<"$before $after"
}

idle_memory() {
	local ours tuned default
	tuned=$(idle_each dovecot-tuned "$idle" pop3)
	default=$(idle_each dovecot-default "$idle_default" pop3)
	ours=$(idle_each postern "$idle" pop3)
	print_less idle_memory "$ours" "$tuned" KB
	echo "detail idle_memory connections=$idle dovecot_default=$default unit=KB (there with $idle_default)"
	tuned=$(idle_each dovecot-tuned "$idle_default" pop3 -l)
	ours=$(idle_each postern 1000 pop3 -l)
	print_less idle_memory_logged_in "$ours" "$tuned" KB
}

idle_memory_tls() {
	local count=$((idle / 2)) ours theirs
	theirs=$(idle_each dovecot-tuned "$count" pop3s)
	ours=$(idle_each postern "$count" pop3s)
	print_less idle_memory_tls "$ours" "$theirs" KB
	echo "detail idle_memory_tls connections=$count"
}

# hold PORT ADDRESS PID: the load generator's line; the file held has the memory meanwhile.
hold() {
	"$loadgen" pop3-idle -p "$1" -a "$2" -s "$held" -j 4 -b 1 \
		-x "$here/procs.py $3 >$bench_state/held" 2>>"$bench_state/held.log" || true
}

# As many as asked for, or as come before one is refused or waits too long. On some machines no
# process may have more than 20,000 descriptors, and a frontend keeps two for a session: six
# frontends and four load generators share them.
idle_held() {
	local pid before line ours theirs
	line=$(hold 2111 "$bench_address" "$(system_pid dovecot-tuned)")
	theirs=$(field held "$line")
	instance_use "$bench_state/with-frontends" 127.0.1.1 "$bench_ldap_port" 6
	instance_start
	pid=$(processes_live "$instance/gateway.pid")
	before=$("$here/procs.py" "$pid")
	line=$(hold "$bench_pop3_port" "$instance_address" "$pid")
	ours=$(field held "$line")
	awk -v ours="$ours" -v theirs="$theirs" 'BEGIN {
		printf "bench idle_held postern=%s peer=%s ratio=%.2f unit=connections\n", ours, theirs,
			(theirs > 0) ? ours / theirs : 0 }'
	awk -v n="$ours" -v limit="$(ulimit -Hn)" '{
		printf "detail idle_held each=%.2f unit=KB processes=%s descriptors_each=%s\n", ($6 - $2) / n,
			$8, limit }' <<<"$before $(cat "$bench_state/held")"
	instance_stop
}

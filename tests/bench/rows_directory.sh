# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154
# Rows of a directory far away, and of a large one: gateways of their own that remember nothing
# of the directory, so that every recipient is a search and every login a search and a bind.

no_cache="cache_positive = 0 cache_negative = 0 ${BENCH_DIRECTORY_KEYS:-}"
far_port=2390
large_port=2391
large_users=${BENCH_LARGE:-100000}

# lookups SECONDS USERS: recipients answered in a second, 200 sessions, RCPT after RCPT
lookups() {
	"$loadgen" smtp-rcpt -a "$instance_address" -p "$bench_smtp_port" -s 200 -r 50 -t "$1" -u "$2" ||
		die "recipient lookups failed"
}

# logins LOADGEN-ARGUMENTS...: 200 sessions, each with four users in turn
logins() {
	"$loadgen" pop3-login -a "$instance_address" -p "$bench_pop3_port" -s 200 -u 800 "$@" ||
		die "logins failed"
}

proxy_start() {
	mkdir -p "$instance"
	rm -f "$instance/proxy.pid"
	spawn "$instance/proxy.log" "$bench_programs/delay_proxy" "$bench_address" "$far_port" \
		"$bench_address" "$bench_ldap_port" 50
	process_record "$instance/proxy.pid" "$spawned"
	poll 5 accepts "$bench_address" "$far_port" || die "the delaying proxy does not answer"
}

directory_50ms() {
	local alone logged
	instance_use "$bench_state/with-far" 127.0.1.2 "$far_port" 2 "$no_cache"
	proxy_start
	instance_start
	logins -n 800 >/dev/null # makes the mailboxes
	alone=$(lookups 4 "$bench_users")
	logged=$(logins -t 4)
	print_alone directory_50ms_lookups "$(field rate "$alone")" lookups/s
	print_alone directory_50ms_logins "$(field rate "$logged")" checks/s
	lookups 4 "$bench_users" >"$instance/lookups" &
	logged=$(logins -t 4)
	wait $!
	print_alone directory_50ms_both_lookups "$(field rate "$(cat "$instance/lookups")")" lookups/s
	print_alone directory_50ms_both_logins "$(field rate "$logged")" checks/s
	instance_stop
	processes_stop "$instance/proxy.pid"
}

# scale_entries ENTRIES LDAP-PORT ADDRESS
scale_entries() {
	local found logged delivered
	instance_use "$bench_state/with-$1" "$3" "$2" 2 "$no_cache"
	instance_start
	"$loadgen" smtp -a "$3" -p "$bench_smtp_port" -m 100 -n "$delivery_users" -u "$delivery_users" \
		>/dev/null || die "filling mailboxes failed"
	found=$(lookups "$seconds" "$1")
	logged=$(logins -t "$seconds")
	delivered=$("$loadgen" smtp -a "$3" -p "$bench_smtp_port" -t "$seconds" -u "$delivery_users" \
		-w "$instance/mail") || die "deliveries failed"
	echo "scale directory $1 lookups=$(field rate "$found") logins=$(field rate "$logged")" \
		"deliveries=$(field rate "$delivered") unit=1/s"
	instance_stop
}

scale_directory() {
	local large=$bench_state/with-$large_users
	scale_entries "$bench_users" "$bench_ldap_port" 127.0.1.3
	mkdir -p "$large"
	population "$large_users" >"$large/people.ldif"
	"$here/../lab/slapd.sh" start "$large/slapd" "$large_port" "$large/people.ldif" \
		-a "$bench_address" -s "$bench_suffix"
	scale_entries "$large_users" "$large_port" 127.0.1.4
	"$here/../lab/slapd.sh" stop "$large/slapd"
}

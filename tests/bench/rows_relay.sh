# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154
# Mail that is sent on: in by SMTP, durable in the queue, out by SMTP to a sink that counts.
# A message counts when the sink has it.

sink_start() {
	[ -z "$(processes_live "$bench_state/sink.pid")" ] || return 0
	"$bench_programs/sink" "$bench_sink_port" "$bench_sink_count" >>"$bench_state/sink.log" 2>&1 &
	process_record "$bench_state/sink.pid" $!
	poll 10 greets "$bench_address" "$bench_sink_port" || die "the sink does not answer: $bench_state/sink.log"
}

smtp_relay() {
	local round system
	sink_start
	for ((round = 0; round < rounds; round++)); do
		for system in postfix postern; do
			measure smtp_relay "$system" relay smtp -m 1 -t "$seconds" -w "$bench_sink_count"
		done
	done
	print_row smtp_relay msg/s postfix durable_files
}

# waiting COUNT: so many messages wait for a destination where nobody answers, in steps; the rate at
# which new ones are taken, and what one that waits costs in memory, the first step and the last.
queue_waiting() {
	local total=${BENCH_WAITING:-100000} steps=5 step=0 gateway before after line
	gateway=$(processes_live "$bench_state/gateway.pid")
	before=$("$here/procs.py" "$gateway" | cut -d' ' -f2)
	while [ "$((step += 1))" -le "$steps" ]; do
		line=$("$loadgen" smtp -p "$bench_relay_port" -d dead.example -m 100 -z 1024 -n $((total / steps))) ||
			die "filling the queue failed: $line"
		echo "scale queue $((total * step / steps)) postern=$(field rate "$line") unit=msg/s"
	done
	after=$("$here/procs.py" "$gateway" | cut -d' ' -f2)
	awk -v count="$total" -v grown=$((after - before)) 'BEGIN {
		printf "bench queue_memory_%d postern=%.3f peer=- ratio=- unit=KB\n", count, grown / count }'
}

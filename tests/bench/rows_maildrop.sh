# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154
# Opening mailboxes: connect, USER, PASS (an LDAP bind), STAT, QUIT, one session at a time.

maildrop_sizes=${BENCH_MAILDROPS:-10 100 1000 10000 100000}

maildrop_path() {
	case $1 in
	postern) echo "$bench_state/mail/$bench_domain/u$2" ;;
	*) echo "$bench_state/peer-mail/u$2" ;;
	esac
}

# open_times SYSTEM USER SESSIONS: milliseconds each
open_times() {
	local system=$1 line
	line=$("$loadgen" pop3-login -p "$(system_port "$system" pop3)" -s 1 -f "$2" -u 1 -n "$3") ||
		die "opening a mailbox at $system failed: $line"
	awk -v s="$(field seconds "$line")" -v n="$3" 'BEGIN { printf "%.3f\n", 1000 * s / n }'
}

# open_after SYSTEM DELIVERED-BY USER: the first session after a delivery, mean of five
open_after() {
	local i
	for i in 1 2 3 4 5; do
		fill "$2" -n 1 -f "$3" -u 1 -s 1
		open_times "$1" "$3" 1
	done | awk '{ t += $1 } END { printf "%.3f\n", t / NR }'
}

# open_one SIZE USER: sets ours_again, ours_after, theirs_again, theirs_after
open_one() {
	local size=$1 user=$2 first_ours first_theirs
	"$here/mailbox_fill.py" "$((size - 1))" "$(maildrop_path postern "$user")" \
		"$(maildrop_path dovecot-tuned "$user")"
	sync
	first_theirs=$(open_times dovecot-tuned "$user" 1)
	first_ours=$(open_times postern "$user" 1)
	theirs_again=$(open_times dovecot-tuned "$user" 20)
	ours_again=$(open_times postern "$user" 20)
	theirs_after=$(open_after dovecot-tuned postfix "$user")
	ours_after=$(open_after postern postern "$user")
	print_less "open_again_$size" "$ours_again" "$theirs_again" ms
	print_less "open_after_delivery_$size" "$ours_after" "$theirs_after" ms
	echo "detail open_$size first_time=$first_ours dovecot_first_time=$first_theirs unit=ms"
	echo "scale maildrop $size postern=$ours_again peer=$theirs_again postern_after=$ours_after peer_after=$theirs_after unit=ms"
}

open_maildrop() {
	local size user=$opened_user ours_again ours_after theirs_again theirs_after
	local hundred_again='' hundred_after=''
	for size in $maildrop_sizes; do
		open_one "$size" "$user"
		if [ "$size" = 100 ]; then
			hundred_again=$ours_again hundred_after=$ours_after
		fi
		user=$((user + 1))
	done
	[ -z "$hundred_again" ] || awk -v size="$size" '{
		printf "detail open_%s again=%.2f after_delivery=%.2f unit=times our own for 100 messages\n",
			size, $1 / $2, $3 / $4 }' <<<"$ours_again $hundred_again $ours_after $hundred_after"
	user=$opened_user
	for size in $maildrop_sizes; do
		rm -rf "$(maildrop_path postern "$user")/cur" "$(maildrop_path dovecot-tuned "$user")"
		install -d -o postern-store -g postern -m 700 "$(maildrop_path postern "$user")/cur"
		user=$((user + 1))
	done
}

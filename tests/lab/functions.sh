# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# What the lab, the benchmark and the tests share. Sourced, not run.
#
# A lab has a name. Everything on the machine that belongs to it is found by that name
# alone: the network namespace, /etc/netns/NAME and its files in /var/lib/postern-labs/NAME
# (not in the source tree: the gateway's own users must be able to reach them, and a home
# directory is closed to them). LAB_DIR, build/lab, holds only lab.env.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
labs_root=/var/lib/postern-labs
lab_users_comment='Postern lab'

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || die "run me as root"
}

# --- waiting: bounded polls, never a fixed sleep ---

# For what must come true: a machine may be ten times slower than another.
lab_patience=180

# poll SECONDS COMMAND...: until the command succeeds; its output is dropped.
poll() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt "$end" ] || return 1
		sleep 0.05
	done
}

# greets ADDRESS PORT: somebody answers there with a greeting line.
greets() {
	local line
	exec 9<>"/dev/tcp/$1/$2" || return 1
	read -r -t 30 -u 9 line || {
		exec 9>&-
		return 1
	}
	exec 9>&-
	[ -n "$line" ]
}

accepts() {
	(exec 9<>"/dev/tcp/$1/$2") 2>/dev/null
}

# --- processes: a pid counts only together with its start time ---

# Nothing for a process that has ended, reaped or not.
process_start() {
	local stat fields
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	# after the name in brackets, which may itself hold blanks
	read -ra fields <<<"${stat##*) }"
	[ "${fields[0]}" != Z ] && echo "${fields[19]}"
}

# process_record FILE PID: remembered as "PID START".
process_record() {
	echo "$2 $(process_start "$2")" >>"$1"
}

process_is() {
	[ -n "${2:-}" ] && [ "$(process_start "$1")" = "$2" ]
}

# processes_live FILE: the pids recorded there that still run.
processes_live() {
	local pid start
	[ -e "$1" ] || return 0
	while read -r pid start; do
		if process_is "$pid" "$start"; then
			echo "$pid"
		fi
	done <"$1"
}

processes_gone() {
	[ -z "$(processes_live "$1")" ]
}

# processes_stop FILE: asks, waits a minute, insists.
processes_stop() {
	local pids
	pids=$(processes_live "$1")
	if [ -n "$pids" ]; then
		# shellcheck disable=SC2086 # a list of numbers
		kill $pids 2>/dev/null || true
		if ! poll 60 processes_gone "$1"; then
			# shellcheck disable=SC2046
			kill -9 $(processes_live "$1") 2>/dev/null || true
			poll 60 processes_gone "$1" || true
		fi
	fi
	rm -f "$1"
}

# spawn LOG COMMAND...: in a session of its own, detached from our terminal. $spawned is its pid.
spawn() {
	local log=$1
	shift
	setsid "$@" </dev/null >>"$log" 2>&1 &
	spawned=$!
	disown "$spawned"
}

# --- certificates from a throw-away authority ---

# authority_create DIRECTORY
authority_create() {
	mkdir -p "$1"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj "/CN=Postern lab authority $RANDOM$RANDOM" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
		-keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
	chmod 600 "$1/ca.key"
}

# certificate_create DIRECTORY NAME SUBJECT-ALTERNATIVE-NAMES: NAME.pem and NAME.key
certificate_create() {
	local dir=$1 name=$2 names=$3
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
		-keyout "$dir/$name.key" -out "$dir/$name.csr" 2>/dev/null
	openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
		-set_serial "$RANDOM$RANDOM" -days 30 -out "$dir/$name.pem" \
		-extfile <(printf '%s\n' "subjectAltName=$names" basicConstraints=CA:FALSE \
			keyUsage=digitalSignature extendedKeyUsage=serverAuth) 2>/dev/null
	rm "$dir/$name.csr"
	chmod 600 "$dir/$name.key"
}

# --- the gateway ---

# gateway_prepare DIRECTORY: the directories the configuration below names.
gateway_prepare() {
	"$top/conf/users.sh" add "$lab_users_comment"
	mkdir -p "$1/mail" "$1/queue" "$1/run" "$1/log"
	chown postern-store:postern "$1/mail" "$1/queue"
	chmod 750 "$1/mail" "$1/queue"
}

posternd=$(realpath -m "${POSTERND:-$top/build/posternd}")

# gateway_launch DIRECTORY READY [PREFIX...]: starts posternd, below the prefix, with the
# configuration there and waits until the command READY succeeds.
gateway_launch() {
	local directory=$1 ready=$2
	shift 2
	[ -x "$posternd" ] || die "$posternd is missing: run make"
	rm -f "$directory/gateway.pid"
	spawn "$directory/log/posternd.out" "$@" "$posternd" -c "$directory/postern.conf"
	process_record "$directory/gateway.pid" "$spawned"
	poll "$lab_patience" gateway_settled "$directory" "$ready" || true
	if ! "$ready" >/dev/null 2>&1; then
		tail -n 20 "$directory"/log/* >&2 || true
		die "the gateway does not come up"
	fi
}

# It is ready, or will never be.
gateway_settled() {
	"$2" || processes_gone "$1/gateway.pid"
}

# gateway_pids DIRECTORY: every process that serves the configuration there, also when its
# master is gone.
gateway_pids() {
	local process
	for process in /proc/[0-9]*; do
		if tr '\0' '\n' 2>/dev/null <"$process/cmdline" | grep -qxF -e "$1/postern.conf"; then
			case $(cat "$process/comm" 2>/dev/null) in
			postern*) echo "${process##*/}" ;;
			esac
		fi
	done
}

gateway_stop() {
	local pids
	processes_stop "$1/gateway.pid"
	pids=$(gateway_pids "$1")
	if [ -n "$pids" ]; then
		# shellcheck disable=SC2086 # a list of numbers
		kill -9 $pids 2>/dev/null || true
	fi
}

# gateway_users_remove: when no lab is left that could need them.
gateway_users_remove() {
	rmdir "$labs_root" 2>/dev/null || return 0
	"$top/conf/users.sh" remove "$lab_users_comment"
}

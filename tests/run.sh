#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Runs every test and ends with one line "N passed, N failed"; exit 1 if anything failed.
#
#   run.sh [SECTION...]    sections: floors units fuzz sanitizers valgrind scenarios crash (all)
#
# SCENARIOS="s06 s07" chooses scenarios, TEST_JOBS (2) runs that many tests at a time.
# What the tests wrote stays in build/test/log. A failure is shown where it is counted, with what
# stands around it, and in short once more at the end.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/lab/functions.sh
. tests/lab/functions.sh

build=build
sanitized=$build/san-address-undefined
logs=$build/test/log
jobs=${TEST_JOBS:-2}
# Seconds after which a test hangs; a machine may be ten times slower than another.
limit_unit=1200
limit_scenario=3600
passed=0
failed=0

count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
}

section() {
	printf '== %s\n' "$1"
	section_begin=$SECONDS
	section_passed=$passed
	section_failed=$failed
}

section_end() {
	printf '   %d ok, %d not ok, %d s\n' $((passed - section_passed)) $((failed - section_failed)) \
		$((SECONDS - section_begin))
}

# What tells of a failure: a scenario's check, cmocka, a sanitizer, valgrind, Python.
told='^FAIL |^(?!ok |# ).*(FAILED|ERROR|error:|assert|Sanitizer|^==[0-9]+==|^[A-Za-z]+Error|Traceback|\[timeout\])'

# show LOG WHAT: a failure with what is needed to understand it.
show() {
	printf -- '-- %s failed; of %s:\n' "$2" "$1"
	grep -anP -B6 -A12 "$told" "$1" | cut -c1-600 | head -n 60
	printf -- '-- its end:\n'
	tail -n 12 "$1" | cut -c1-600
	{
		printf -- '-- %s: %s\n' "$2" "$1"
		grep -anP "$told" "$1" | cut -c1-400 | head -n 12
		printf -- '   the first of them:\n'
		grep -anP -m1 -B4 -A12 "$told" "$1" | cut -c1-400
		tail -n 3 "$1" | cut -c1-400
	} >>"$logs/failures"
}

# The last lines of a run may be all that is kept of it.
show_again() {
	if [ -s "$logs/failures" ]; then
		printf '== what failed\n'
		head -n 90 "$logs/failures"
		printf '== in short\n'
		grep -aE '^-- |^FAIL ' "$logs/failures" | cut -c1-160 | awk '!seen[$0]++' | head -n 16
	fi
}

# name_of BINARY: unit/mail/test_address, or scenario/s01_active_directory
name_of() {
	local name=${1##*tests/}
	echo "${name%.py}"
}

# One test, run in parallel with others: its output and exit code go to files.
run_one() {
	local log=$1 limit=$2
	shift 2
	mkdir -p "$(dirname "$log")"
	timeout --kill-after=20 "$limit" "$@" >"$log" 2>&1 </dev/null
	echo $? >"$log.code"
}
export -f run_one

# Runs lines of "log<TAB>limit<TAB>command words separated by tabs", $jobs at a time.
run_all() {
	# shellcheck disable=SC2016
	xargs -d '\n' -P "$jobs" -I{} bash -c 'IFS=$'"'\t'"' read -ra words <<<"$1" && run_one "${words[@]}"' _ {} <"$1"
}

# A cmocka binary: what began and did not end well has failed, also when it crashed.
count_cmocka() {
	local log=$1 what=$2 begun good bad code
	code=$(cat "$log.code")
	begun=$(grep -ac '^\[ RUN  ' "$log")
	good=$(grep -ac '^\[       OK \]' "$log")
	bad=$((begun - good - $(grep -ac '^\[  SKIPPED \]' "$log")))
	if [ "$bad" -le 0 ]; then
		bad=0
		if [ "$code" != 0 ] || [ "$begun" = 0 ]; then
			bad=1 # a leak, a crash at the end, nothing at all
		fi
	fi
	count "$good" "$bad"
	[ "$bad" = 0 ] || show "$log" "$what (exit code $code)"
}

count_one() {
	local log=$1 what=$2
	if [ "$(cat "$log.code")" = 0 ]; then
		count 1 0
	else
		count 0 1
		show "$log" "$what (exit code $(cat "$log.code"))"
	fi
}

count_scenario() {
	local log=$1 what=$2 good bad code
	code=$(cat "$log.code")
	good=$(grep -ac '^ok ' "$log")
	bad=$(grep -ac '^FAIL ' "$log")
	if [ "$bad" = 0 ] && { [ "$code" != 0 ] || [ "$good" = 0 ]; }; then
		bad=1
	fi
	count "$good" "$bad"
	printf '   %s\n' "$(grep -a '^# .* ok, ' "$log" || echo "$what: did not end")"
	[ "$bad" = 0 ] || show "$log" "$what (exit code $code)"
}

# each KIND LIMIT PREFIX BINARY...: runs them and counts by count_KIND. PREFIX: words in front.
each() {
	local kind=$1 limit=$2 prefix=$3 plan binary words log
	shift 3
	plan=$logs/plan
	: >"$plan"
	for binary in "$@"; do
		log=$logs/$section_name/$(name_of "$binary")
		words=$prefix$binary
		if [ "$kind" = one ]; then
			words+=$'\t'tests/fuzz/corpus/${binary##*/fuzz_}
		fi
		printf '%s\t%s\t%s\n' "$log" "$limit" "$words" >>"$plan"
	done
	run_all "$plan"
	for binary in "$@"; do
		"count_$kind" "$logs/$section_name/$(name_of "$binary")" "$(name_of "$binary")"
	done
}

# built TARGETS...: a build that breaks is a failed case.
built() {
	if ! make --no-print-directory -j"$jobs" "$@" >"$logs/make" 2>&1; then
		count 0 1
		grep -aE 'error|Error|undefined' "$logs/make" | head -n 20 | tee -a "$logs/failures"
		return 1
	fi
}

# The binaries of today's sources; a build folder may hold older ones.
binaries() {
	local top=$1 kind=$2 source
	for source in tests/$kind; do
		[ -e "$source" ] && echo "$top/${source%.c}"
	done
}

do_floors() {
	mkdir -p "$logs/floors"
	run_one "$logs/floors/check_floors" "$limit_unit" tests/check_floors.sh
	count_one "$logs/floors/check_floors" check_floors
}

do_units() {
	built units || return
	mapfile -t list < <(binaries $build 'unit/*/test_*.c')
	each cmocka "$limit_unit" '' "${list[@]}"
}

do_fuzz() {
	built fuzz-replay || return
	mapfile -t list < <(binaries $build 'fuzz/fuzz_*.c')
	each one "$limit_unit" '' "${list[@]}"
}

# The gateway's users are there from the first test to the end of the last.
guard_users() {
	# shellcheck disable=SC2154 # of functions.sh
	mkdir -p "$labs_root/tests-$$"
	# shellcheck disable=SC2154 # likewise
	conf/users.sh add "$lab_users_comment"
}

release_users() {
	rmdir "$labs_root/tests-$$"
	gateway_users_remove
}

# Units, corpora, and the gateway itself in its two busiest scenarios.
do_sanitizers() {
	export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
	export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	built SAN=address,undefined O=-O1 all units fuzz-replay || return
	mapfile -t list < <(binaries $sanitized 'unit/*/test_*.c')
	each cmocka "$limit_unit" '' "${list[@]}"
	mapfile -t list < <(binaries $sanitized 'fuzz/fuzz_*.c')
	each one "$limit_unit" '' "${list[@]}"
	each scenario "$limit_scenario" $'env\t'"POSTERN_BUILD=$sanitized"$'\t' tests/scenario/s05*.py tests/scenario/s06*.py
	unset ASAN_OPTIONS UBSAN_OPTIONS
}

# What is pure: memcheck sees what is read before it was written. Threads with deadlines
# do not keep them under it.
do_valgrind() {
	local memcheck=$'valgrind\t-q\t--error-exitcode=99\t--leak-check=full\t--child-silent-after-fork=yes\t'
	built units || return
	mapfile -t list < <(binaries $build 'unit/@(base|mail|gateway|pop3|conf)/test_*.c' &&
		binaries $build 'unit/daemon/test_@(listing|message|route_cache).c')
	each cmocka "$limit_unit" "$memcheck" "${list[@]}"
}

# They wait more than they work: two more at a time than of what computes.
do_scenarios() {
	local list=(tests/scenario/s[0-9]*.py) name chosen=() jobs=$((jobs + 2))
	built all || return
	if [ -n "${SCENARIOS:-}" ]; then
		for name in $SCENARIOS; do
			chosen+=(tests/scenario/"$name"*.py)
		done
		list=("${chosen[@]}")
	fi
	each scenario "$limit_scenario" '' "${list[@]}"
}

# The proofs by force in their short form; each says in its first lines what it looks at.
do_crash() {
	built all crash-programs || return
	CRASH_SHORT=1 each scenario "$limit_scenario" '' tests/crash/{campaign,exhaustion,power_cut,overload,flood}.py
}

main() {
	local section_name
	shopt -s extglob nullglob
	[ $# -gt 0 ] || set -- floors units fuzz sanitizers valgrind scenarios crash
	mkdir -p "$logs"
	: >"$logs/failures"
	if [ "$(id -u)" = 0 ]; then
		guard_users
		trap 'release_users >"$logs/users" 2>&1' EXIT
	fi
	for section_name in "$@"; do
		declare -F "do_$section_name" >/dev/null || die "unknown section $section_name"
		rm -rf "${logs:?}/$section_name"
		mkdir -p "$logs/$section_name"
		section "$section_name"
		"do_$section_name"
		section_end
	done
	show_again
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

main "$@"

#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Creates the group and the system users the gateway's roles run as, where they are
# missing. Run by `make install`, by the lab and by the benchmark.
#
#   users.sh add [COMMENT]     COMMENT marks the users as made for a purpose
#   users.sh remove COMMENT    removes those that carry exactly this comment
set -euo pipefail

prefix=${POSTERN_USER_PREFIX:-postern}

users() {
	echo "$prefix-front" "$prefix-dir" "$prefix-store" "$prefix-relay" "$prefix-resolver" "$prefix-local"
}

add_users() {
	local comment=$1 user
	getent group "$prefix" >/dev/null || groupadd --system "$prefix"
	for user in $(users); do
		getent passwd "$user" >/dev/null ||
			useradd --system --gid "$prefix" --no-create-home --home-dir /nonexistent \
				--shell /usr/sbin/nologin --comment "$comment" "$user"
	done
	# method "local": the one role that may see the hashes of the system's passwords
	if getent group shadow >/dev/null && ! id -nG "$prefix-local" | grep -qw shadow; then
		usermod --append --groups shadow "$prefix-local"
	fi
}

remove_users() {
	local comment=$1 user removed=
	for user in $(users); do
		if [ "$(getent passwd "$user" | cut -d: -f5)" = "$comment" ]; then
			# refused while a process of that user is there, even one that is only not reaped
			if userdel "$user"; then
				removed=yes
			fi
		fi
	done
	# Groups carry no comment: the group goes with the last of its users.
	if [ -n "$removed" ] && ! getent passwd | grep -q "^$prefix-"; then
		groupdel "$prefix"
	fi
}

# Two at a time would each find a user missing and make it. Locks nothing but this script.
exec 9</etc
flock 9
case ${1:-add} in
add) add_users "${2:-Postern mail gateway}" ;;
remove) remove_users "${2:?users.sh remove COMMENT}" ;;
*) echo "usage: users.sh add [COMMENT] | remove COMMENT" >&2 && exit 2 ;;
esac

#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Folders are floors: a folder includes only lower floors and itself, and each external
# library has one home. Prints every include that breaks this, with file and line.
#
#   check_floors.sh [TOP]     TOP: the tree to look at (this one)
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

floors=(base mail io gateway pop3 store queue conf accounts directory routing auth domain daemon frontend directory_role store_role relay resolver command)
mapfile -t sources < <(find "${floors[@]}" -name '*.[ch]' 2>/dev/null | sort)

exec awk '
# floor: number. beside: a neighbour on the same floor that may be used. pure: no input or output.
function setup(    i, n, rows, cells) {
	n = split("base 1|mail 2|io 3|gateway 4 - pure|pop3 4 - pure|store 4|queue 4|conf 4|accounts 4|directory 5|" \
		  "routing 6|auth 6 routing|domain 6|daemon 7|frontend 8|directory_role 8|store_role 8|relay 8|resolver 8|command 9", rows, "|")
	for (i = 1; i <= n; i++) {
		split(rows[i], cells, " ")
		floor[cells[1]] = cells[2]
		beside[cells[1]] = cells[3]
		pure[cells[1]] = cells[4] == "pure"
	}
	# a pattern of header names, then the folders that are its home
	n = split("^event2/|io daemon frontend relay resolver;^gnutls/|io conf auth accounts;^crypt\\.h$|accounts;^security/|daemon;^(ldap|lber|ldap_cdefs|openldap)\\.h$|directory;" \
		  "^sasl/|directory auth;^(krb5|profile|com_err|gssapi)(\\.h$|/)|directory auth domain;" \
		  "^confuse\\.h$|conf;^seccomp\\.h$|io;^(idn2|unbound)\\.h$|io mail conf resolver;^curl/|auth resolver;^jansson\\.h$|auth;" \
		  "^(arpa/nameser|resolv)\\.h$|directory", rows, ";")
	for (i = 1; i <= n; i++) {
		# The last bar: patterns have bars of their own.
		match(rows[i], /\|[a-z0-9_ ]+$/)
		pattern[i] = substr(rows[i], 1, RSTART - 1)
		home[i] = " " substr(rows[i], RSTART + 1) " "
	}
	patterns = n
}
function complain(why) {
	printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0
	bad++
}
function check_own(name,    to) {
	to = name
	sub(/\/.*/, "", to)
	if (name !~ /\// || !(to in floor))
		complain("a quoted include begins with a folder of the house")
	else if (to != from && pure[from] && floor[to] > 2)
		complain(from " is pure and may use base and mail only")
	else if (floor[to] > floor[from])
		complain("runs up a floor, from " from " to " to)
	else if (to != from && floor[to] == floor[from] && beside[from] != to)
		complain("runs sideways, from " from " to " to)
}
function check_library(name,    i) {
	for (i = 1; i <= patterns; i++)
		if (name ~ pattern[i] && index(home[i], " " from " ") == 0)
			complain("this library lives in" home[i])
	if (pure[from] && name ~ /^(unistd|fcntl|poll|netdb|sys\/.*|netinet\/.*|pthread|signal)(\.h)?$/)
		complain(from " is pure: no input or output")
}
BEGIN { setup() }
FNR == 1 { from = FILENAME; sub(/\/.*/, "", from); files++ }
/^[ \t]*#[ \t]*include[ \t]*"/ { split($0, part, "\""); check_own(part[2]) }
/^[ \t]*#[ \t]*include[ \t]*</ { split($0, part, /[<>]/); check_library(part[2]) }
END {
	if (!files) { print "check_floors: no sources found"; exit 2 }
	if (bad) { printf "check_floors: %d of the includes are on the wrong floor\n", bad; exit 1 }
	printf "check_floors: %d files keep their floors\n", files
}' "${sources[@]}"

#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Brings postern-ad.ldf, beside this script, into the schema of a Samba domain. As root, on the
# domain controller that has the role of schema master:
#
#   samba.sh [SAM.LDB]     the controller's database (private dir of smb.conf)
#
# What is there already is left as it is, so it may run again. The controller may go on running.
set -euo pipefail

die() {
	echo "samba.sh: $*" >&2
	exit 1
}

# The value of an attribute of the database's root.
root_value() {
	ldbsearch -H "$sam" -s base -b '' "$1" | sed -n "s/^$1: //p"
}

# What the schema has of ours, one a line: distinguished names, and "NAME CLASS" of links.
there() {
	ldbsearch -H "$sam" -b "$schema" -s one '(lDAPDisplayName=postern*)' dn | sed -n 's/^dn: //p'
	local class
	for class in User Contact Group; do
		ldbsearch -H "$sam" -b "CN=$class,$schema" -s base auxiliaryClass |
			sed -n "s/^auxiliaryClass: \\(postern.*\\)/CN=$class,$schema \\1/p"
	done
}

# The records of a stage (0 attributes, 1 classes, 2 links) that are still missing.
missing() {
	sed -e '/^#/d' -e "s/DC=X\$/$root/" "$folder/postern-ad.ldf" |
		awk -v stage="$1" -v there="$2" '
		BEGIN {
			RS = ""
			count = split(there, lines, "\n")
			for (i = 1; i <= count; i++)
				known[lines[i]] = 1
		}
		/schemaUpdateNow/ { now++; next }
		now == stage {
			name = substr($0, 5, index($0, "\n") - 5)
			link = match($0, /auxiliaryClass: postern[A-Za-z]*/) ? substr($0, RSTART + 16, RLENGTH - 16) : ""
			if (!((link ? name " " link : name) in known))
				print $0 "\n"
		}'
}

folder=$(cd "$(dirname "$0")" && pwd)
sam=${1:-$(testparm -s --parameter-name='private dir' 2>/dev/null)/sam.ldb}
[ -e "$sam" ] || die "$sam is not there: name the sam.ldb of this domain controller"
for program in ldbsearch ldbmodify; do
	command -v "$program" >/dev/null || die "$program is missing: install ldb-tools"
done
root=$(root_value rootDomainNamingContext)
schema=$(root_value schemaNamingContext)
[ -n "$root$schema" ] || die "$sam does not say what its schema is"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for stage in 0 1 2; do
	missing "$stage" "$(there)" >"$work/stage.ldif"
	[ -s "$work/stage.ldif" ] || continue
	ldbmodify -H "$sam" --option='dsdb:schema update allowed=true' "$work/stage.ldif" ||
		die "the schema was not changed, or not all of it: run this on the schema master, as root"
done
echo "The schema has the attributes of Postern."

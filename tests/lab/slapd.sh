#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# A throw-away OpenLDAP server in a directory of its own.
#
#   slapd.sh start DIRECTORY PORT LDIF [OPTION...]
#     -a ADDRESS       listens there (127.0.0.1)
#     -s SUFFIX        of the LDIF's entries (dc=corp,dc=example)
#     -n NETNS         network namespace to run in
#     -t CERT KEY CA   PEM files: StartTLS is offered
#     -l PORT          ldaps there as well; needs -t
#     -c SOCKET        configured by cn=config, which root changes through this ldapi socket
#   slapd.sh stop DIRECTORY      the data stay: start with LDIF "" serves them again
#   slapd.sh pid DIRECTORY
#
# The entry cn=admin,SUFFIX with password Admin-Pw1 may do everything; others read all but
# passwords, against which they may bind.
set -euo pipefail
# shellcheck source=tests/lab/functions.sh
. "$(dirname "$0")/functions.sh"

address=127.0.0.1
suffix=dc=corp,dc=example
netns=()
certificate='' key='' authority='' ldaps_port='' control=''

read_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		-a) address=$2 ;;
		-s) suffix=$2 ;;
		-n) netns=(ip netns exec "$2") ;;
		-l) ldaps_port=$2 ;;
		-c) control=$2 ;;
		-t)
			certificate=$2 key=$3 authority=$4
			shift 2
			;;
		*) die "unknown option $1" ;;
		esac
		shift 2
	done
}

write_configuration() {
	local directory=$1 schema
	for schema in core cosine inetorgperson nis misc; do
		echo "include /etc/ldap/schema/$schema.schema"
	done
	cat <<-END
		pidfile $directory/slapd.pid
		argsfile $directory/slapd.args
		modulepath /usr/lib/ldap
		moduleload back_mdb
		loglevel none
		sizelimit 1000
		threads 8
	END
	if [ -n "$certificate" ]; then
		cat <<-END
			TLSCertificateFile $certificate
			TLSCertificateKeyFile $key
			TLSCACertificateFile $authority
		END
	fi
	if [ -n "$control" ]; then
		cat <<-END
			database config
			rootdn "gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth"
		END
	fi
	cat <<-END
		database mdb
		maxsize 268435456
		suffix "$suffix"
		rootdn "cn=admin,$suffix"
		rootpw Admin-Pw1
		directory $directory/data
		index objectClass,mail,uid,cn,entryUUID,member eq
		access to attrs=userPassword by self write by anonymous auth by * none
		access to * by * read
	END
}

configuration_convert() {
	mkdir "$1/slapd.d"
	slaptest -Q -f "$1/slapd.conf" -F "$1/slapd.d" >"$1/slaptest.log" 2>&1 || die "no cn=config: $1/slaptest.log"
}

start() {
	local directory=$1 port=$2 ldif=$3
	shift 3
	read_options "$@"
	[ -z "$(processes_live "$directory/pids")" ] || die "runs already in $directory"
	mkdir -p "$directory/data"
	rm -f "$directory/pids"
	write_configuration "$directory" >"$directory/slapd.conf"
	if [ -n "$ldif" ]; then
		rm -f "$directory/data"/*
		slapadd -q -f "$directory/slapd.conf" -l "$ldif"
	fi
	local urls="ldap://$address:$port${ldaps_port:+ ldaps://$address:$ldaps_port}${control:+ ldapi://${control//\//%2F}}"
	local configuration=(-f "$directory/slapd.conf")
	if [ -n "$control" ]; then
		configuration=(-F "$directory/slapd.d")
		[ -e "$directory/slapd.d" ] || configuration_convert "$directory"
	fi
	spawn "$directory/slapd.log" "${netns[@]}" slapd -d 0 "${configuration[@]}" -h "$urls"
	process_record "$directory/pids" "$spawned"
	poll "$lab_patience" "${netns[@]}" ldapsearch -x -H "ldap://$address:$port" -b '' -s base -o nettimeout=20 ||
		die "does not answer: $directory/slapd.log"
}

case ${1:-} in
start) shift && start "$@" ;;
stop) processes_stop "$2/pids" ;;
pid) processes_live "$2/pids" ;;
*) echo "usage: slapd.sh start DIRECTORY PORT LDIF [OPTION...] | stop DIRECTORY | pid DIRECTORY" >&2 && exit 2 ;;
esac

#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# A second controller, dc2.corp.example in a site of its own, beside a lab's first one; from
# outside its namespace: second.sh names|join|start|publish|replicate. Environment as in lab-up.sh.
#
# names comes before the lab is used: every resolver in it then knows both controllers.
# Nothing replicates by itself: the services for it are off on both, since two controllers
# of one process each wait for one another. `replicate` does it when a test says so.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/functions.sh"
# shellcheck source=tests/lab/domain.sh
. "$here/domain.sh"

host=dc2
address=10.53.0.4
site=Branch

# In place: the files are mounted over those of /etc.
names() {
	ip -n "$lab_name" address add "$address/24" dev lo
	printf 'nameserver %s\nnameserver %s\nsearch %s\noptions timeout:1 attempts:2\n' \
		"$lab_dc_address" "$address" "$lab_domain" >"/etc/netns/$lab_name/resolv.conf"
	echo "$address $host.$lab_domain $host" >>"/etc/netns/$lab_name/hosts"
}

join() {
	certificate_create "$lab_state" "$host.$lab_domain" "DNS:$host.$lab_domain,DNS:$lab_domain"
	printf '[global]\n\tnetbios name = %s\n\tinterfaces = %s/24\n%s\n\tlog file = %s\n' \
		"${host^^}" "$address" $'\tbind interfaces only = yes' "$lab_state/samba2.log" \
		>"$lab_state/join2.conf"
	inside env KRB5_CONFIG="$lab_state/krb5.conf" samba-tool domain join "$lab_domain" DC \
		--configfile="$lab_state/join2.conf" --realm="$lab_realm" --server="$lab_dc" --site="$site" \
		--dns-backend=SAMBA_INTERNAL --targetdir="$lab_state/samba2" \
		-U "Administrator%$lab_admin_password" >"$lab_state/join2.log" 2>&1 ||
		die "the second controller does not join: $lab_state/join2.log"
	controller_configure "$host" samba2 "$address/24" \
		'server services = -s3fs -nbt -wrepl -winbindd -dnsupdate'
}

start() {
	# a /run/samba of its own: see domain.sh
	# shellcheck disable=SC2016 # expanded inside
	spawn "$lab_state/samba2.log" nsenter --target "$(cat "$lab_state/anchor")" --net --mount -- \
		unshare --mount --propagation private bash -c \
		'mount -t tmpfs -o mode=755 tmpfs /run/samba && exec samba --configfile="$1" --foreground --no-process-group --model=single' \
		samba "$lab_state/samba2/etc/smb.conf"
	process_record "$lab_pids" "$spawned"
	echo "$spawned $(process_start "$spawned")" >"$lab_state/samba2.pid"
	poll "$lab_patience" inside ldapsearch -x -H "ldap://$address" -b '' -s base -o nettimeout=20 \
		dnsHostName || die "the second controller does not answer: $lab_state/samba2.log"
}

# What Samba does by itself at its start: the names and services of the new controller.
publish() {
	poll "$lab_patience" publish_once || die "the second controller is not published: $lab_state/join2.log"
	replicate DC=DomainDnsZones,DC=corp,DC=example
	replicate DC=ForestDnsZones,DC=corp,DC=example
	replicate DC=corp,DC=example
}

# Samba's own tools; the first calls two names that the join made already a failure.
publish_once() {
	inside env KRB5_CONFIG="$lab_state/krb5.conf" samba_dnsupdate --all-names --use-samba-tool \
		--configfile="$lab_state/samba2/etc/smb.conf" >>"$lab_state/join2.log" 2>&1 || true
	inside env KRB5_CONFIG="$lab_state/krb5.conf" samba_spnupdate \
		--configfile="$lab_state/samba2/etc/smb.conf" >>"$lab_state/join2.log" 2>&1
	inside samba-tool dns query "$host.$lab_domain" "_msdcs.$lab_domain" _ldap._tcp.dc SRV --use-kerberos=off \
		--configfile="$lab_state/samba/etc/smb.conf" -U "Administrator%$lab_admin_password" 2>&1 |
		tee -a "$lab_state/join2.log" | grep -q "SRV: $host"
}

# replicate NAMING-CONTEXT: from the second to the first.
replicate() {
	inside samba-tool drs replicate "$lab_dc" "$host.$lab_domain" "$1" --local --full-sync --use-kerberos=off \
		--configfile="$lab_state/samba/etc/smb.conf" -U "Administrator%$lab_admin_password" \
		>>"$lab_state/join2.log" 2>&1 || die "no replication of $1: $lab_state/join2.log"
}

case ${1:-} in
names | join | start | publish | replicate) "$@" ;;
*) echo "usage: second.sh names|join|start|publish|replicate NAMING-CONTEXT" >&2 && exit 2 ;;
esac

# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034,SC2154
# A Samba Active Directory domain in a network namespace. Sourced after functions.sh.
#
# The namespace has addresses on its loopback only, its own resolver (the controller),
# its own hosts file, and its own mount namespace with an empty /run/samba, because
# libwbclient looks for winbind under that fixed path. A sleeping "anchor" process keeps
# the mount namespace alive.

lab_name=${LAB_NAME:-postern-lab}
lab_dir=$(realpath -m "${LAB_DIR:-$top/build/lab}")
lab_state=$labs_root/$lab_name
lab_pids=$lab_state/pids
lab_realm=CORP.EXAMPLE
lab_domain=corp.example
lab_netbios=CORP
lab_dc=dc1.$lab_domain
lab_host=mail.$lab_domain
lab_admin_password=Admin-Pw1
lab_dc_address=10.53.0.1
lab_address=10.53.0.2
lab_sink_address=10.53.0.3

# --- namespace ---

namespace_up() {
	mkdir -p "/etc/netns/$lab_name"
	printf 'nameserver %s\nsearch %s\noptions timeout:2 attempts:2\n' \
		"$lab_dc_address" "$lab_domain" >"/etc/netns/$lab_name/resolv.conf"
	# libraries look up the machine's own name at every start
	printf '%s\n' "127.0.0.1 localhost $(hostname)" "$lab_dc_address $lab_dc dc1" \
		"$lab_address $lab_host mail" >"/etc/netns/$lab_name/hosts"
	ip netns add "$lab_name"
	ip -n "$lab_name" link set lo up
	local address
	for address in "$lab_dc_address" "$lab_address" "$lab_sink_address"; do
		ip -n "$lab_name" address add "$address/24" dev lo
	done
	anchor_up
}

anchor_up() {
	# /run/samba may be missing; made outside, it would stay behind.
	[ -d /run/samba ] || touch "$lab_state/made-run-samba"
	mkdir -p /run/samba
	# shellcheck disable=SC2016 # expanded inside
	spawn "$lab_state/anchor.log" ip netns exec "$lab_name" bash -c \
		'mount -t tmpfs -o mode=755 tmpfs /run/samba && echo up >"$1" && exec sleep infinity' \
		anchor "$lab_state/anchor.up"
	process_record "$lab_pids" "$spawned"
	echo "$spawned" >"$lab_state/anchor"
	poll "$lab_patience" test -s "$lab_state/anchor.up" || die "the namespace did not come up: $lab_state/anchor.log"
}

# inside COMMAND...: in the lab's network and mount namespaces.
inside() {
	nsenter --target "$(cat "$lab_state/anchor")" --net --mount --wd="$PWD" -- "$@"
}

namespace_pids() {
	ip netns pids "$lab_name" 2>/dev/null || true
}

namespace_empty() {
	[ -z "$(namespace_pids)" ]
}

namespace_kill() {
	local pids
	pids=$(namespace_pids)
	if [ -n "$pids" ]; then
		# shellcheck disable=SC2086 # a list of numbers
		kill -9 $pids 2>/dev/null || true
	fi
	namespace_empty
}

# Everything that lives in the namespace, then the namespace itself.
namespace_down() {
	poll 60 namespace_kill || echo "processes remain in $lab_name: $(namespace_pids)" >&2
	if ip netns list | grep -qE "^$lab_name( |\$)"; then
		ip netns delete "$lab_name"
	fi
	rm -rf "/etc/netns/$lab_name"
	rmdir --ignore-fail-on-non-empty /etc/netns 2>/dev/null || true
	if [ -e "$lab_state/made-run-samba" ]; then
		rmdir --ignore-fail-on-non-empty /run/samba 2>/dev/null || true
	fi
}

# --- the controller ---

domain_provision() {
	printf '[global]\n\tlog file = %s/samba.log\n' "$lab_state" >"$lab_state/provision.conf"
	inside samba-tool domain provision --configfile="$lab_state/provision.conf" --quiet \
		--realm="$lab_realm" --domain="$lab_netbios" --server-role=dc --host-name=dc1 \
		--host-ip="$lab_dc_address" --dns-backend=SAMBA_INTERNAL --use-rfc2307 \
		--adminpass="$lab_admin_password" --targetdir="$lab_state/samba" \
		>"$lab_state/provision.log" 2>&1 || die "provisioning failed: $lab_state/provision.log"
	controller_configure dc1 samba "127.0.0.1/8 $lab_dc_address/24"
	inside /usr/bin/python3 "$top/tests/lab/populate.py" accounts "$lab_state/samba/etc/smb.conf" \
		>>"$lab_state/provision.log" 2>&1 || die "no population: $lab_state/provision.log"
}

# controller_configure HOST FOLDER INTERFACES [LINES]: its smb.conf below $lab_state/FOLDER.
# Written whole, so that nothing of the machine's own smb.conf comes in. There is no DNS
# forwarder: provisioning may choose the controller itself, and outside queries would loop.
controller_configure() {
	local host=$1.$lab_domain s=$lab_state/$2
	mkdir -p "$s/run" "$s/ncalrpc"
	cat >"$s/etc/smb.conf" <<-END
		[global]
			netbios name = ${1^^}
			realm = $lab_realm
			workgroup = $lab_netbios
			server role = active directory domain controller
			server services = -drepl -kcc
			interfaces = $3
			bind interfaces only = yes
			idmap_ldb:use rfc2307 = yes
			old password allowed period = 0
			tls enabled = yes
			tls cafile = $lab_state/ca.pem
			tls certfile = $lab_state/$host.pem
			tls keyfile = $lab_state/$host.key
			private dir = $s/private
			lock directory = $s
			state directory = $s/state
			cache directory = $s/cache
			binddns dir = $s/bind-dns
			pid directory = $s/run
			ncalrpc dir = $s/ncalrpc
			log file = $lab_state/$2.log
			max log size = 10000
			load printers = no
			printcap name = /dev/null
			panic action =
			${4:-}

		[sysvol]
			path = $s/state/sysvol
			read only = no

		[netlogon]
			path = $s/state/sysvol/$lab_domain/scripts
			read only = no
	END
}

domain_start() {
	spawn "$lab_state/samba.log" nsenter --target "$(cat "$lab_state/anchor")" --net --mount -- \
		samba --configfile="$lab_state/samba/etc/smb.conf" --foreground --no-process-group \
		--model=single
	process_record "$lab_pids" "$spawned"
	echo "$spawned $(process_start "$spawned")" >"$lab_state/samba.pid"
	poll "$lab_patience" inside ldapsearch -x -H "ldap://$lab_dc_address" -b '' -s base -o nettimeout=20 \
		dnsHostName || die "Samba does not answer: $lab_state/samba.log"
}

domain_running() {
	local pid start
	[ -e "$lab_state/samba.pid" ] && read -r pid start <"$lab_state/samba.pid" &&
		process_is "$pid" "$start" &&
		inside "$top/tests/lab/answers.sh" "$lab_dc_address" 389
}

domain_names() {
	inside /usr/bin/python3 "$top/tests/lab/populate.py" names "$lab_state/samba/etc/smb.conf" \
		"$lab_admin_password" "$lab_address" "$lab_sink_address" \
		>>"$lab_state/provision.log" 2>&1
}

krb5_configure() {
	cat >"$lab_state/krb5.conf" <<-END
		[libdefaults]
			default_realm = $lab_realm
			dns_lookup_realm = false
			dns_lookup_kdc = true
			dns_canonicalize_hostname = false
			rdns = false

		[domain_realm]
			.$lab_domain = $lab_realm
			$lab_domain = $lab_realm
	END
}

# The gateway's computer account MAIL$, as an administrator would make it.
domain_join_once() {
	local keytab=$lab_state/mail.keytab
	rm -f "$keytab"
	inside env KRB5_CONFIG="$lab_state/krb5.conf" adcli join --domain="$lab_domain" \
		--domain-realm="$lab_realm" --domain-controller="$lab_dc" --computer-name=MAIL \
		--host-fqdn="$lab_host" --host-keytab="$keytab" --service-name=host \
		--service-name=smtp --service-name=pop --login-user=Administrator \
		--stdin-password --verbose <<<"$lab_admin_password" >>"$lab_state/join.log" 2>&1
}

# Samba writes its own principals when it starts, and gives up when that takes it long.
domain_principals() {
	inside env KRB5_CONFIG="$lab_state/krb5.conf" samba_spnupdate \
		--configfile="$lab_state/samba/etc/smb.conf" >>"$lab_state/join.log" 2>&1
}

domain_join_try() {
	domain_join_once || { domain_principals && false; }
}

# A controller that has just started may still refuse a service while others answer.
domain_join() {
	poll "$lab_patience" domain_join_try || die "adcli join failed: $lab_state/join.log"
}

#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The place of the authentication rows: a Samba Active Directory domain in a network namespace
# of its own, as the lab has it, and in it, with the same keytab, winbind and LDAP, a gateway
# and two Dovecots, POP3 without TLS on the namespace's loopback.
#
#   auth_site.sh start     the gateway on port 110; Dovecot on 2111 (asks the directory at every
#                          login, as the gateway does) and 2112 (remembers, auth_cache)
#   auth_site.sh stop
#   auth_site.sh pid postern|dovecot-asks|dovecot-remembers|directory
#   auth_site.sh run COMMAND...    in the namespace
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/../lab/functions.sh"
# shellcheck source=tests/bench/places.sh
. "$here/places.sh"
export LAB_NAME=$bench_name-auth LAB_DIR=$bench_dir/auth LAB_NO_GATEWAY=1
# shellcheck source=tests/lab/domain.sh
. "$here/../lab/domain.sh"

postern_configuration() {
	cat <<-END
		run = "$lab_state/run"
		frontends = 2

		directory "corp" {
			domain = "$lab_domain"
			preset = "ad"
			bind = "gssapi"
			keytab = "$lab_state/mail.keytab"
			principal = "MAIL\$@$lab_realm"
			krb5_config = "$lab_state/krb5.conf"
			tls = "starttls"
			tls_ca = "$lab_state/ca.pem"
			cache_password = 60s
		}

		domain "$lab_domain" {
			directory = "corp"
			default = true
			postmaster = "u0@$lab_domain"
		}

		smtp "Benchmark" {
			listen "$lab_address:25" { tls = "none" }
			fqdn = "$lab_host"
			authentication = { "anonymous" }
		}

		pop3 {
			listen "$lab_address:110" { tls = "none" }
			fqdn = "$lab_host"
			authentication = { "basic", "integrated", "ntlm" }
			basic_without_tls = true
			ntlm_without_tls = true
			connections = 0
			connections_per_address = 0
		}

		store {
			root = "$lab_state/mail"
			queue = "$lab_state/queue"
		}

		log {
			to = "file"
			file = "$lab_state/log/postern.log"
		}
	END
}

postern_answers() {
	[ -n "$(processes_live "$lab_state/gateway.pid")" ] &&
		inside "$here/../lab/answers.sh" -g "$lab_address" 110
}

postern_start() {
	chown postern-dir:postern "$lab_state/mail.keytab"
	chmod 600 "$lab_state/mail.keytab"
	postern_configuration >"$lab_state/postern.conf"
	gateway_launch "$lab_state" postern_answers \
		nsenter --target "$(cat "$lab_state/anchor")" --net --mount --
}

# The controller refers whoever searches the whole domain to its DNS zones, and Dovecot hangs
# when it follows. Its auth process reaches winbind's privileged pipe as root.
# dovecot_configuration DIRECTORY PORT OCTETS-OF-CACHE
dovecot_configuration() {
	cat <<-END
		base_dir = $1/run
		state_dir = $1/run
		log_path = $1/log
		instance_name = ${1##*/}
		import_environment = TZ LDAPREFERRALS=off KRB5_CONFIG=$lab_state/krb5.conf
		protocols = pop3
		listen = $lab_address
		ssl = no
		disable_plaintext_auth = no
		mail_location = maildir:~
		first_valid_uid = 1
		mail_max_userip_connections = 0
		default_internal_user = dovecot
		default_login_user = dovenull
		auth_mechanisms = plain gssapi ntlm
		auth_verbose = yes
		auth_username_format = %Ln
		auth_krb5_keytab = $1/keytab
		auth_gssapi_hostname = $lab_host
		auth_use_winbind = yes
		auth_winbind_helper_path = $1/ntlm_auth
		auth_cache_size = $3
		auth_cache_ttl = 60s
		passdb {
			driver = ldap
			args = $1/passdb.conf
		}
		userdb {
			driver = ldap
			args = $1/userdb.conf
			default_fields = uid=postern-store gid=postern home=$1/mail/%n
		}
		service anvil {
			client_limit = 10000
		}
		service auth {
			user = root
			client_limit = 10000
		}
		service pop3-login {
			inet_listener pop3 {
				port = $2
			}
			service_count = 0
			process_min_avail = 2
			client_limit = 15000
		}
		service pop3 {
			service_count = 0
			process_min_avail = 4
			process_limit = 2048
		}
	END
}

# The account is looked for with what the gateway looks at, too: that it is not disabled.
dovecot_ldap() {
	cat <<-END
		uris = ldap://$lab_dc
		tls = yes
		tls_ca_cert_file = $lab_state/ca.pem
		dn = Administrator@$lab_domain
		dnpass = $lab_admin_password
		base = dc=${lab_domain%%.*},dc=${lab_domain#*.}
		auth_bind = yes
		auth_bind_userdn = %n@$lab_domain
		user_filter = (&(sAMAccountType=805306368)(sAMAccountName=%n)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))
		user_attrs = sAMAccountName=user
	END
}

# One file for each user, with the ticket of the user and one for the gateway.
tickets_fetch() {
	local number
	export KRB5_CONFIG=$lab_state/krb5.conf KRB5CCNAME
	mkdir -p "$auth_tickets"
	for ((number = 0; number < auth_users; number++)); do
		KRB5CCNAME=FILE:$auth_tickets/u$number
		{ inside kinit "u$number" <<<"pw$number" && inside kvno "pop/$lab_host"; } \
			>>"$lab_state/tickets.log" 2>&1 || die "no ticket: $lab_state/tickets.log"
	done
}

# dovecot_start NAME PORT OCTETS-OF-CACHE
dovecot_start() {
	local directory=$lab_state/$1
	mkdir -p "$directory/run" "$directory/mail"
	chown postern-store:postern "$directory/mail"
	cp "$lab_state/mail.keytab" "$directory/keytab"
	printf '#!/bin/sh\nexec ntlm_auth --configfile=%s "$@"\n' "$lab_state/samba/etc/smb.conf" \
		>"$directory/ntlm_auth"
	chmod 755 "$directory/ntlm_auth"
	dovecot_configuration "$directory" "$2" "$3" >"$directory/dovecot.conf"
	# two names: binds of users and searches go over connections of their own
	dovecot_ldap | tee "$directory/passdb.conf" >"$directory/userdb.conf"
	inside dovecot -c "$directory/dovecot.conf" >>"$directory/start.log" 2>&1 ||
		die "Dovecot: $directory/start.log"
	poll 10 test -s "$directory/run/master.pid"
	process_record "$lab_state/$1.pid" "$(cat "$directory/run/master.pid")"
	poll 10 inside "$here/../lab/answers.sh" -g "$lab_address" "$2" ||
		die "Dovecot does not answer: $directory/log"
}

start() {
	need_root
	"$here/../lab/lab-up.sh" >/dev/null
	inside /usr/bin/python3 "$here/../lab/populate.py" numbered "$lab_state/samba/etc/smb.conf" \
		"$auth_users"
	# as an administrator would: the gateway's user is to reach winbind's privileged pipe
	chgrp winbindd_priv "$lab_state/samba/state/winbindd_privileged"
	tickets_fetch
	postern_start
	dovecot_start dovecot-asks 2111 0
	dovecot_start dovecot-remembers 2112 10M
}

stop() {
	local peer
	for peer in dovecot-asks dovecot-remembers; do
		processes_stop "$lab_state/$peer.pid"
	done
	"$here/../lab/lab-down.sh"
}

pid() {
	case $1 in
	postern) processes_live "$lab_state/gateway.pid" ;;
	directory) processes_live "$lab_state/samba.pid" ;;
	*) processes_live "$lab_state/$1.pid" ;;
	esac
}

run() {
	export KRB5_CONFIG=$lab_state/krb5.conf
	inside "$@"
}

case ${1:-} in
start | stop) "$1" ;;
pid | run) "$@" ;;
*) echo "usage: auth_site.sh start | stop | pid NAME | run COMMAND..." >&2 && exit 2 ;;
esac

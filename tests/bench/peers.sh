#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The peers the gateway is measured against, from Debian's packages, on high loopback ports,
# with the same slapd: Postfix delivers to Maildirs, Dovecot serves those same Maildirs.
#
#   peers.sh start        Postfix on 2526, with STARTTLS on 2527, on 2528 for what it sends on to the
#                         sink, submission on 2588 (AUTH against
#                         the first Dovecot); Dovecot on 2111, TLS on 2113 (service_count = 0)
#                         and 2112, TLS on 2114 (as it comes: a process for each login connection)
#   peers.sh stop
#   peers.sh pid postfix|dovecot-tuned|dovecot-default
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/../lab/functions.sh"
# shellcheck source=tests/bench/places.sh
. "$here/places.sh"

mail=$bench_state/peer-mail
postfix=$bench_state/postfix

# --- Postfix 3.7 ---

postfix_main() {
	cat <<-END
		compatibility_level = 3.6
		queue_directory = $postfix/queue
		data_directory = $postfix/data
		maillog_file_prefixes = $postfix
		maillog_file = $postfix/maillog
		command_directory = /usr/sbin
		daemon_directory = /usr/lib/postfix/sbin
		sendmail_path = /usr/sbin/sendmail
		mail_owner = postfix
		setgid_group = postdrop
		myhostname = peer.$bench_domain
		mydestination =
		mynetworks = 10.255.255.255/32
		alias_maps =
		local_recipient_maps =
		inet_interfaces = $bench_address
		inet_protocols = ipv4
		virtual_mailbox_domains = $bench_domain
		virtual_mailbox_maps = proxy:ldap:$postfix/ldap.cf
		virtual_mailbox_base = $mail
		virtual_mailbox_limit = 0
		virtual_minimum_uid = 1
		virtual_uid_maps = static:$(id -u postern-store)
		virtual_gid_maps = static:$(id -g postern-store)
		smtpd_recipient_restrictions = reject_unauth_destination
		smtpd_client_connection_count_limit = 0
		relayhost = [$bench_address]:$bench_sink_port
		smtp_destination_concurrency_limit = 100
		smtpd_tls_cert_file = $bench_state/authority/server.pem
		smtpd_tls_key_file = $bench_state/authority/server.key
		smtpd_sasl_type = dovecot
		smtpd_sasl_path = $bench_state/dovecot-tuned/run/auth-postfix
	END
}

postfix_master() {
	cat <<-END
		$bench_address:2526 inet n - n - 300 smtpd
		$bench_address:2527 inet n - n - - smtpd -o smtpd_tls_security_level=may
		$bench_address:2528 inet n - n - 300 smtpd -o mynetworks=127.0.0.0/8 -o smtpd_recipient_restrictions=permit_mynetworks,reject
		$bench_address:2588 inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
		tlsmgr    unix - - n 1000? 1 tlsmgr
		cleanup   unix n - n - 0 cleanup
		qmgr      unix n - n 300 1 qmgr
		rewrite   unix - - n - - trivial-rewrite
		bounce    unix - - n - 0 bounce
		defer     unix - - n - 0 bounce
		trace     unix - - n - 0 bounce
		verify    unix - - n - 1 verify
		flush     unix n - n 1000? 0 flush
		proxymap  unix - - n - - proxymap
		proxywrite unix - - n - 1 proxymap
		smtp      unix - - n - - smtp
		relay     unix - - n - - smtp
		showq     unix n - n - - showq
		error     unix - - n - - error
		retry     unix - - n - - error
		discard   unix - - n - - discard
		local     unix - n n - - local
		virtual   unix - n n - - virtual
		lmtp      unix - - n - - lmtp
		anvil     unix - - n - 1 anvil
		scache    unix - - n - 1 scache
		postlog   unix-dgram n - n - 1 postlogd
	END
}

postfix_start() {
	mkdir -p "$postfix/queue" "$postfix/data"
	chown postfix "$postfix/data"
	postfix_main >"$postfix/main.cf"
	postfix_master >"$postfix/master.cf"
	cat >"$postfix/ldap.cf" <<-END
		server_host = ldap://$bench_address:$bench_ldap_port
		version = 3
		search_base = ou=people,$bench_suffix
		query_filter = (mail=%s)
		result_attribute = uid
		result_format = %s/
		bind = no
	END
	postfix -c "$postfix" start >>"$postfix/start.log" 2>&1 || die "Postfix: $postfix/start.log"
	poll 10 test -s "$postfix/queue/pid/master.pid"
	process_record "$bench_state/postfix.pid" "$(tr -d ' ' <"$postfix/queue/pid/master.pid")"
	poll 10 greets "$bench_address" 2526 || die "Postfix does not answer: $postfix/maillog"
}

# --- Dovecot 2.3 ---

# dovecot_configuration DIRECTORY PORT TLS-PORT [tuned]
dovecot_configuration() {
	cat <<-END
		base_dir = $1/run
		state_dir = $1/run
		log_path = $1/log
		instance_name = ${1##*/}
		protocols = pop3
		listen = $bench_address
		ssl = yes
		ssl_cert = <$bench_state/authority/server.pem
		ssl_key = <$bench_state/authority/server.key
		disable_plaintext_auth = no
		mail_location = maildir:~
		first_valid_uid = 1
		mail_max_userip_connections = 0
		default_internal_user = dovecot
		default_login_user = dovenull
		passdb {
			driver = ldap
			args = $1/ldap.conf
		}
		userdb {
			driver = static
			args = uid=postern-store gid=postern home=$mail/%n
		}
		service anvil {
			client_limit = 30000
		}
		service auth {
			client_limit = 30000
			unix_listener auth-postfix {
				mode = 0666
			}
		}
	END
	if [ -n "${4:-}" ]; then
		cat <<-END
			service pop3-login {
				inet_listener pop3 {
					port = $2
				}
				inet_listener pop3s {
					port = $3
					ssl = yes
				}
				service_count = 0
				process_min_avail = 2
				client_limit = 15000
				vsz_limit = 1G
			}
			service pop3 {
				service_count = 0
				process_min_avail = 4
				process_limit = 2048
			}
		END
	else
		cat <<-END
			service pop3-login {
				inet_listener pop3 {
					port = $2
				}
				inet_listener pop3s {
					port = $3
					ssl = yes
				}
				process_limit = 1000
			}
		END
	fi
}

# dovecot_start NAME PORT TLS-PORT [tuned]
dovecot_start() {
	local directory=$bench_state/$1
	mkdir -p "$directory/run"
	dovecot_configuration "$directory" "$2" "$3" "${4:-}" >"$directory/dovecot.conf"
	cat >"$directory/ldap.conf" <<-END
		uris = ldap://$bench_address:$bench_ldap_port
		auth_bind = yes
		auth_bind_userdn = uid=%n,ou=people,$bench_suffix
		base = ou=people,$bench_suffix
	END
	dovecot -c "$directory/dovecot.conf" >>"$directory/start.log" 2>&1 ||
		die "Dovecot: $directory/start.log"
	poll 10 test -s "$directory/run/master.pid"
	process_record "$bench_state/$1.pid" "$(cat "$directory/run/master.pid")"
	poll 10 greets "$bench_address" "$2" || die "Dovecot does not answer: $directory/log"
}

# --- both ---

start() {
	raise_descriptors
	mkdir -p "$mail"
	chown postern-store:postern "$mail"
	dovecot_start dovecot-tuned 2111 2113 tuned
	postfix_start
	dovecot_start dovecot-default 2112 2114
}

stop() {
	local peer
	# Postfix's children go with their master only when it is asked to stop.
	if [ -n "$(processes_live "$bench_state/postfix.pid")" ]; then
		postfix -c "$postfix" stop >/dev/null 2>&1 || true
	fi
	for peer in postfix dovecot-tuned dovecot-default; do
		processes_stop "$bench_state/$peer.pid"
	done
}

case ${1:-} in
start | stop) "$1" ;;
pid) processes_live "$bench_state/$2.pid" ;;
*) echo "usage: peers.sh start | stop | pid NAME" >&2 && exit 2 ;;
esac

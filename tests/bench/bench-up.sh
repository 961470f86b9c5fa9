#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The gateway alone on loopback with slapd and a thousand users, for load: plain text is
# allowed, quota is off. Writes build/bench/bench.env. BENCH_NO_GATEWAY=1 starts slapd only.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/../lab/functions.sh"
# shellcheck source=tests/bench/places.sh
. "$here/places.sh"

bench_whole() {
	[ -e "$bench_dir/bench.env" ] && [ -n "$("$here/../lab/slapd.sh" pid "$bench_state/slapd")" ] &&
		{ [ -n "${BENCH_NO_GATEWAY:-}" ] || gateway_answers; }
}

population() {
	cat <<-END
		dn: $bench_suffix
		objectClass: dcObject
		objectClass: organization
		dc: bench
		o: bench

		dn: $bench_bind_dn
		objectClass: organizationalRole
		objectClass: simpleSecurityObject
		cn: postern
		userPassword: $bench_bind_password

		dn: ou=people,$bench_suffix
		objectClass: organizationalUnit
		ou: people
	END
	local i
	for ((i = 0; i < bench_users; i++)); do
		printf '\ndn: uid=u%d,ou=people,%s\nobjectClass: inetOrgPerson\nuid: u%d\ncn: u%d\nsn: u%d\nmail: u%d@%s\nuserPassword: pw%d\n' \
			"$i" "$bench_suffix" "$i" "$i" "$i" "$i" "$bench_domain" "$i"
	done
}

# Password results are not remembered: every login is a bind, as it is with the peers.
configuration() {
	cat <<-END
		run = "$bench_state/run"
		frontends = 2

		directory "bench" {
			servers = { "ldap://$bench_address:$bench_ldap_port" }
			preset = "inetorgperson"
			base = "$bench_suffix"
			bind = "simple"
			bind_dn = "$bench_bind_dn"
			password_file = "$bench_state/password"
			tls = "none"
			allow_plaintext_on_loopback = true
			cache_password = 0
		}

		domain "$bench_domain" {
			directory = "bench"
			default = true
			postmaster = "u0@$bench_domain"
		}

		smtp "Benchmark" {
			listen "$bench_address:$bench_smtp_port" { tls = "none" }
			fqdn = "mail.$bench_domain"
			authentication = { "anonymous", "basic" }
			basic_without_tls = true
			connections = 0
			connections_per_address = 0
			session_size = 0
		}

		pop3 {
			listen "$bench_address:$bench_pop3_port" { tls = "none" }
			fqdn = "mail.$bench_domain"
			basic_without_tls = true
			connections = 0
			connections_per_address = 0
		}

		store {
			root = "$bench_state/mail"
			queue = "$bench_state/queue"
		}

		log {
			to = "file"
			file = "$bench_state/log/postern.log"
		}
	END
}

gateway_answers() {
	[ -n "$(processes_live "$bench_state/gateway.pid")" ] &&
		greets "$bench_address" "$bench_smtp_port" && greets "$bench_address" "$bench_pop3_port"
}

gateway_start() {
	echo "$bench_bind_password" >"$bench_state/password"
	chown postern-dir:postern "$bench_state/password"
	chmod 600 "$bench_state/password"
	configuration >"$bench_state/postern.conf"
	raise_descriptors
	gateway_launch "$bench_state" gateway_answers
}

write_environment() {
	local pids=''
	if [ -z "${BENCH_NO_GATEWAY:-}" ]; then
		# shellcheck disable=SC2046 # one pid
		pids=$("$here/procs.py" -l $(processes_live "$bench_state/gateway.pid"))
	fi
	mkdir -p "$bench_dir"
	cat >"$bench_dir/bench.env.new" <<-END
		BENCH_ADDRESS=$bench_address
		BENCH_SMTP_PORT=$bench_smtp_port
		BENCH_POP3_PORT=$bench_pop3_port
		BENCH_MAIL_ROOT=$bench_state/mail
		BENCH_LDAP_URI=ldap://$bench_address:$bench_ldap_port
		BENCH_PIDS='$pids'
	END
	mv "$bench_dir/bench.env.new" "$bench_dir/bench.env"
}

main() {
	need_root
	if bench_whole; then
		echo "The benchmark's gateway runs already: $bench_dir/bench.env"
		return
	fi
	"$here/bench-down.sh"
	mkdir -p "$bench_state"
	chmod 755 "$labs_root" "$bench_state"
	gateway_prepare "$bench_state"
	population >"$bench_state/people.ldif"
	"$here/../lab/slapd.sh" start "$bench_state/slapd" "$bench_ldap_port" \
		"$bench_state/people.ldif" -a "$bench_address" -s "$bench_suffix"
	[ -n "${BENCH_NO_GATEWAY:-}" ] || gateway_start
	write_environment
	echo "The benchmark's gateway runs: $bench_dir/bench.env"
}

main

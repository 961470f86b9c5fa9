# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154
# A gateway of the benchmark: the one of bench-up.sh, and further ones of bench.sh beside it,
# each with an address and a directory of its own. Sourced after places.sh.

# population USERS: the LDIF
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
	awk -v users="$1" -v suffix="$bench_suffix" -v domain="$bench_domain" 'BEGIN {
		for (i = 0; i < users; i++)
			printf "\ndn: uid=u%d,ou=people,%s\nobjectClass: inetOrgPerson\nuid: u%d\ncn: u%d\nsn: u%d\nmail: u%d@%s\nuserPassword: pw%d\n",
				i, suffix, i, i, i, i, domain, i
	}'
}

# instance_use DIRECTORY ADDRESS [LDAP-PORT [FRONTENDS [DIRECTORY-KEYS]]]: the one meant below.
instance_use() {
	instance=$1
	instance_address=$2
	instance_ldap_port=${3:-$bench_ldap_port}
	instance_frontends=${4:-2}
	instance_directory_keys=${5:-}
}

# Password results are not remembered: every login is a bind, as it is with the peers.
instance_configuration() {
	cat <<-END
		run = "$instance/run"
		frontends = $instance_frontends

		directory "bench" {
			servers = { "ldap://$bench_address:$instance_ldap_port" }
			preset = "inetorgperson"
			base = "$bench_suffix"
			bind = "simple"
			bind_dn = "$bench_bind_dn"
			password_file = "$instance/password"
			tls = "none"
			allow_plaintext_on_loopback = true
			cache_password = 0
			$instance_directory_keys
		}

		domain "$bench_domain" {
			directory = "bench"
			default = true
			postmaster = "u0@$bench_domain"
		}

		smtp "Benchmark" {
			listen "$instance_address:$bench_smtp_port" { tls = "none" }
			listen "$instance_address:$bench_starttls_port" { tls = "starttls" }
			certificate = "$instance/server.pem"
			key = "$instance/server.key"
			fqdn = "mail.$bench_domain"
			authentication = { "anonymous", "basic" }
			basic_without_tls = true
			connections = 0
			connections_per_address = 0
			session_size = 0
		}

		smtp "Relay" {
			listen "$instance_address:$bench_relay_port" { tls = "none" }
			fqdn = "mail.$bench_domain"
			authentication = { "anonymous" }
			relay = { "127.0.0.0/8" }
			connections = 0
			connections_per_address = 0
			session_size = 0
			outbound {
				smart_host = "[$bench_address]:$bench_sink_port"
				tls = "none"
			}
		}

		remote "dead.example" { route = "[127.0.0.1]:9" }

		smtp "Submission" {
			listen "$instance_address:$bench_submission_port" { tls = "starttls" }
			certificate = "$instance/server.pem"
			key = "$instance/server.key"
			fqdn = "mail.$bench_domain"
			authentication = { "basic" }
			connections = 0
			connections_per_address = 0
			session_size = 0
		}

		pop3 {
			listen "$instance_address:$bench_pop3_port" { tls = "none" }
			listen "$instance_address:$bench_pop3s_port" { tls = "implicit" }
			certificate = "$instance/server.pem"
			key = "$instance/server.key"
			fqdn = "mail.$bench_domain"
			basic_without_tls = true
			connections = 0
			connections_per_address = 0
		}

		store {
			root = "$instance/mail"
			queue = "$instance/queue"
		}

		log {
			to = "file"
			file = "$instance/log/postern.log"
		}
	END
}

instance_answers() {
	[ -n "$(processes_live "$instance/gateway.pid")" ] &&
		greets "$instance_address" "$bench_smtp_port" && greets "$instance_address" "$bench_pop3_port"
}

# One certificate for the gateway and its peers, made once for all instances.
instance_certificate() {
	local authority=$bench_state/authority
	if [ ! -e "$authority/server.pem" ]; then
		authority_create "$authority"
		certificate_create "$authority" server "DNS:mail.$bench_domain,IP:$bench_address"
	fi
	cp "$authority/server.pem" "$authority/server.key" "$instance/"
}

instance_start() {
	gateway_prepare "$instance"
	chmod 755 "$instance"
	instance_certificate
	echo "$bench_bind_password" >"$instance/password"
	chown postern-dir:postern "$instance/password"
	chmod 600 "$instance/password"
	instance_configuration >"$instance/postern.conf"
	raise_descriptors
	gateway_launch "$instance" instance_answers
}

instance_stop() {
	gateway_stop "$instance"
}

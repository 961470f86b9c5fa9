#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The gateway of a lab, from outside its namespace: gateway.sh configure|start|stop|status
# Environment as in lab-up.sh; LAB_DIRECTORY_TIMEOUT (5s) is the directory's `timeout`.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/functions.sh"
# shellcheck source=tests/lab/domain.sh
. "$here/domain.sh"

configure() {
	chown postern-dir:postern "$lab_state/mail.keytab"
	chmod 600 "$lab_state/mail.keytab"
	cat >"$lab_state/postern.conf" <<-END
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
			timeout = ${LAB_DIRECTORY_TIMEOUT:-5s}
		}

		domain "$lab_domain" {
			directory = "corp"
			default = true
			postmaster = "alice@$lab_domain"
		}
		domain "sales.example" {
			directory = "corp"
			postmaster = "bob@sales.example"
		}
		domain "corp-alias.example" {
			alias_of = "$lab_domain"
		}

		smtp "Default SMTP Virtual Server" {
			listen "$lab_address:25" { tls = "starttls" }
			fqdn = "$lab_host"
			certificate = "$lab_state/$lab_host.pem"
			key = "$lab_state/$lab_host.key"
			authentication = { "anonymous", "basic", "integrated" }
		}

		smtp "Submission" {
			listen "$lab_address:587" { tls = "starttls" }
			listen "$lab_address:465" { tls = "implicit" }
			fqdn = "$lab_host"
			certificate = "$lab_state/$lab_host.pem"
			key = "$lab_state/$lab_host.key"
			authentication = { "basic", "integrated" }
		}

		pop3 {
			listen "$lab_address:110" { tls = "starttls" }
			listen "$lab_address:995" { tls = "implicit" }
			fqdn = "$lab_host"
			certificate = "$lab_state/$lab_host.pem"
			key = "$lab_state/$lab_host.key"
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

# The master is there and every port answers; where TLS begins at once, by taking a connection.
status() {
	[ -n "$(processes_live "$lab_state/gateway.pid")" ] &&
		inside "$here/answers.sh" -g "$lab_address" 25 587 110 &&
		inside "$here/answers.sh" "$lab_address" 465 995
}

start() {
	if [ -n "$(processes_live "$lab_state/gateway.pid")" ]; then
		echo "the gateway runs already"
		return
	fi
	gateway_launch "$lab_state" status \
		nsenter --target "$(cat "$lab_state/anchor")" --net --mount --
}

stop() {
	gateway_stop "$lab_state"
}

case ${1:-} in
configure | start | stop | status) "$1" ;;
*) echo "usage: gateway.sh configure|start|stop|status" >&2 && exit 2 ;;
esac

#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Brings up the lab: a Samba Active Directory domain in its own network namespace and the
# gateway joined to it. Run again it says that the lab runs; what a crash left is cleaned
# first. LAB_NAME (postern-lab) names namespace and state, LAB_DIR (build/lab) takes lab.env,
# POSTERND (build/posternd) is the gateway; LAB_NO_GATEWAY=1 leaves it out.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/functions.sh"
# shellcheck source=tests/lab/domain.sh
. "$here/domain.sh"

lab_whole() {
	[ -e "$lab_dir/lab.env" ] && domain_running &&
		{ [ -n "${LAB_NO_GATEWAY:-}" ] || "$here/gateway.sh" status; }
}

write_environment() {
	mkdir -p "$lab_dir"
	cat >"$lab_dir/lab.env.new" <<-END
		LAB_NETNS=$lab_name
		LAB_REALM=$lab_realm
		LAB_NETBIOS=$lab_netbios
		LAB_DC=$lab_dc
		LAB_ADMIN_PASSWORD=$lab_admin_password
		LAB_HOST=$lab_host
		LAB_ADDRESS=$lab_address
		LAB_SMTP_PORT=25
		LAB_SUBMISSION_PORT=587
		LAB_SMTPS_PORT=465
		LAB_POP3_PORT=110
		LAB_POP3S_PORT=995
		LAB_CA=$lab_state/ca.pem
		LAB_KRB5_CONFIG=$lab_state/krb5.conf
		LAB_SINK_ADDRESS=$lab_sink_address
		LAB_MAIL_ROOT=$lab_state/mail
		LAB_LOG=$lab_state/log/postern.log
		LAB_RESTART='env LAB_NAME=$lab_name POSTERND=$posternd $top/tests/lab/gateway.sh start'
	END
	mv "$lab_dir/lab.env.new" "$lab_dir/lab.env"
}

explain() {
	cat <<-END
		The lab runs in the network namespace $lab_name.
		  gateway     $lab_host ($lab_address), ports 25 587 465 110 995
		  domain      $lab_realm, controller $lab_dc ($lab_dc_address), Administrator / $lab_admin_password
		  users       alice bob bob.sales erin (carol disabled, dave must change, frank expired)
		  authority   $lab_state/ca.pem
		  log         $lab_state/log/postern.log
		  variables   $lab_dir/lab.env
		Try:  ip netns exec $lab_name swaks --server $lab_host:587 -tls --auth PLAIN \\
		        --auth-user alice --auth-password Alice-Pw1 --from alice@$lab_domain --to bob@$lab_domain
		End:  make lab-down
	END
}

bring_up() {
	mkdir -p "$lab_state"
	chmod 755 "$labs_root" "$lab_state"
	authority_create "$lab_state"
	certificate_create "$lab_state" "$lab_dc" "DNS:$lab_dc,DNS:$lab_domain"
	certificate_create "$lab_state" "$lab_host" "DNS:$lab_host"
	krb5_configure
	namespace_up
	domain_provision
	domain_start
	domain_names &
	local names=$!
	domain_join
	wait "$names" || die "the DNS records could not be made"
	gateway_prepare "$lab_state"
	if [ -z "${LAB_NO_GATEWAY:-}" ]; then
		"$here/gateway.sh" configure
		"$here/gateway.sh" start
	fi
	write_environment
}

main() {
	need_root
	if lab_whole; then
		echo "The lab $lab_name runs already."
		explain
		return
	fi
	"$here/lab-down.sh"
	bring_up
	explain
}

main

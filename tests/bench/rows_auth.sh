# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2154
# Logins by Kerberos, NTLM and a remembered password against a real Active Directory: POP3,
# AUTH and QUIT, beside Dovecot in the same namespace (auth_site.sh).

# The first of these rows brings the domain up; bench-down.sh ends it.
auth_site_up() {
	local bound
	[ -z "$("$here/auth_site.sh" pid postern)" ] || return 0
	"$here/auth_site.sh" start
	for bound in asks remembers; do
		auth_once gssapi "dovecot-$bound"
	done
	auth_once gssapi postern
	"$here/auth_site.sh" run "$bench_programs/bound_gss" "$auth_state/mail.keytab" \
		"$auth_tickets" mail.corp.example corp.example 2 | bound_keep gss
}

# auth_once MECHANISM SYSTEM: every mailbox exists, and whatever remembers has something to.
auth_once() {
	# shellcheck disable=SC2046 # several options
	load_at auth "auth-$1" -p "$(system_port "$2" auth)" $(service_options auth) \
		-n "$auth_users" >/dev/null || die "$1 at $2 fails"
}

# auth_turns ROW MECHANISM SESSIONS SYSTEM...: in turns
auth_turns() {
	local row=$1 mechanism=$2 sessions=$3 round system
	shift 3
	for ((round = 0; round < rounds; round++)); do
		for system in "$@"; do
			measure "$row" "$system" auth "auth-$mechanism" -s "$sessions" -t "$seconds"
		done
	done
}

auth_gssapi() {
	auth_site_up
	auth_turns auth_gssapi gssapi 20 dovecot-remembers dovecot-asks postern
	print_row auth_gssapi logins/s dovecot-asks gss_accepts
	echo "detail auth_gssapi dovecot_remembering=$(summarize auth_gssapi dovecot-remembers | cut -d' ' -f1) unit=logins/s"
}

# Dovecot has one ntlm_auth for everybody, which knows of one exchange: a second one that begins
# before the first has ended makes that fail. So beside it stands one session at a time.
auth_ntlm() {
	auth_site_up
	auth_turns auth_ntlm ntlm 20 postern
	print_row auth_ntlm logins/s - winbind_checks
	auth_turns auth_ntlm_1 ntlm 1 dovecot-asks postern
	print_row auth_ntlm_1 logins/s dovecot-asks winbind_checks
}

auth_plain_cached() {
	auth_site_up
	# what it remembers of users who came by ticket makes it refuse their passwords ("unknown user")
	"$here/auth_site.sh" run doveadm -c "$auth_state/dovecot-remembers/dovecot.conf" \
		auth cache flush >/dev/null 2>&1
	auth_once plain dovecot-remembers
	auth_once plain postern
	auth_turns auth_plain_cached plain 20 dovecot-remembers postern
	print_row auth_plain_cached logins/s dovecot-remembers
}

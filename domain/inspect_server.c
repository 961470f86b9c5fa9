/* SPDX-License-Identifier: ISC */
/* One server: reachable, how fast, its clock, its certificate, our bind, its policy. */
#include "domain/inspect_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "directory/diagnose.h"

enum {
	SKEW_MAX = 300, /* Kerberos gives up (RFC 4120 section 1.6, and AD's default policy) */
	SKEW_NOTABLE = 60,
	LATENCY_NOTABLE_MS = 250,
	EXPIRY_SOON = 14 * 24 * 3600
};

static void tell_clock(struct inspection *inspection, const struct visit *visit)
{
	int64_t skew = visit->clock_skew, size = llabs(skew);
	enum finding_level level = size > SKEW_MAX       ? FINDING_ERROR
				   : size > SKEW_NOTABLE ? FINDING_WARNING
							 : FINDING_GOOD;

	if (!visit->has_clock)
		return;
	finding_add(inspection->findings, level, "clock", visit->server.name,
		    "the server's clock is %lld s %s ours%s", (long long)size,
		    skew < 0 ? "behind" : "ahead of",
		    level == FINDING_ERROR ? ", and Kerberos ends at 300" : "");
	if (level != FINDING_GOOD)
		finding_remedy(inspection->findings,
			       "set this machine's clock from the domain: timedatectl set-ntp "
			       "true, with a controller as time server");
}

static void tell_latency(struct inspection *inspection, const struct visit *visit)
{
	bool slow = visit->answer_ms > LATENCY_NOTABLE_MS;

	finding_add(inspection->findings, slow ? FINDING_WARNING : FINDING_GOOD, "latency",
		    visit->server.name, "connects in %lld ms, answers in %lld ms",
		    (long long)visit->connect_ms, (long long)visit->answer_ms);
	if (slow)
		finding_remedy(inspection->findings,
			       "list nearer servers first in `servers`, or give this machine's "
			       "subnet its site in Active Directory");
}

static void date_text(int64_t when, char to[32])
{
	time_t seconds = (time_t)when;
	struct tm parts;

	if (!gmtime_r(&seconds, &parts) || strftime(to, 32, "%Y-%m-%d", &parts) == 0)
		snprintf(to, 32, "an unknown date");
}

/* Passwords go through TLS, whatever lookups do. */
static void look_at_certificate(struct inspection *inspection, const struct visit *visit)
{
	const struct conf_directory *directory = inspection->directory;
	bool implicit = visit->server.implicit || directory->tls == CONF_TLS_IMPLICIT;
	uint16_t port = implicit && visit->server.port == 389 ? 636 : visit->server.port;
	struct tls_report report;
	char until[32];

	if (directory->tls == CONF_TLS_NONE)
		return;
	if (!diagnose_look(&visit->server, port, !implicit, connection_ca_file(directory),
			   visit_deadline(visit), &report)) {
		finding_add(inspection->findings, FINDING_ERROR, "certificate", visit->server.name,
			    "no TLS on port %u, so no password can be checked", port);
		finding_remedy(inspection->findings,
			       "give the controller a server certificate (Active Directory: a "
			       "domain authority, template \"Domain Controller\")");
		return;
	}
	date_text(report.until, until);
	if (report.trouble[0]) {
		finding_add(inspection->findings, FINDING_ERROR, "certificate", visit->server.name,
			    "%s%s%s", report.trouble, report.chain[0] ? "; shown: " : "",
			    report.chain);
		finding_remedy(inspection->findings,
			       "tls_ca must name the file of the authority at the chain's end");
		return;
	}
	finding_add(inspection->findings,
		    report.until < clock_unix() + EXPIRY_SOON ? FINDING_WARNING : FINDING_GOOD,
		    "certificate", visit->server.name, "%s; for %s; until %s", report.chain,
		    report.names[0] ? report.names : "no names", until);
	if (report.until < clock_unix() + EXPIRY_SOON)
		finding_remedy(inspection->findings, "renew it before that day");
}

/* Whether the server would let others do what we do not: no signature, no channel binding. */
static void look_at_policy(struct inspection *inspection, const struct server *server,
			   enum connection_use use)
{
	bool tls = use == CONNECTION_FOR_PASSWORDS;
	const char *what = tls ? "channel-binding" : "signing";
	char text[CONNECTION_TEXT_SIZE];
	struct visit visit;
	int result;

	if (!visit_begin(&visit, inspection->directory, server, use, text))
		return;
	result = connection_bind_bare(&visit.connection, visit_deadline(&visit), text);
	visit_end(&visit);
	if (result == LDAP_SUCCESS) {
		finding_add(inspection->findings, FINDING_NOTE, what, server->name,
			    tls ? "takes binds that are not bound to the TLS channel; ours are"
				: "takes binds that are not signed; ours are signed and sealed");
		finding_remedy(inspection->findings,
			       tls ? "on the controllers: \"LDAP server channel binding token "
				     "requirements\" = Always"
				   : "on the controllers: \"LDAP server signing requirements\" = "
				     "Require signing");
	} else if (result == LDAP_STRONG_AUTH_REQUIRED || result == LDAP_UNWILLING_TO_PERFORM) {
		finding_add(inspection->findings, FINDING_GOOD, what, server->name,
			    tls ? "takes no Kerberos bind inside TLS; we sign and seal instead"
				: "demands signed binds; ours are signed and sealed");
	} else if (result == LDAP_INVALID_CREDENTIALS && strstr(text, "80090346")) {
		finding_add(inspection->findings, FINDING_GOOD, what, server->name,
			    "demands binds that are bound to the TLS channel; ours are");
	}
}

static bool bind_as_service(struct inspection *inspection, struct visit *visit)
{
	char why[CONNECTION_TEXT_SIZE] = "";
	const struct conf_directory *directory = inspection->directory;

	if (directory->bind == CONF_BIND_GSSAPI && !inspection->credentials)
		return false; /* told already */
	if (visit_bind_service(visit, inspection->credentials, buffer_span(inspection->password),
			       why)) {
		finding_add(inspection->findings, FINDING_GOOD, "bind", visit->server.name, "%s",
			    directory->bind == CONF_BIND_GSSAPI
				    ? "our Kerberos bind is taken"
				    : "our simple bind is taken, inside TLS");
		return true;
	}
	finding_add(inspection->findings, FINDING_ERROR, "bind", visit->server.name, "%s", why);
	finding_remedy(inspection->findings,
		       directory->bind == CONF_BIND_GSSAPI
			       ? "see what is said of the keytab; join again if the account is gone"
			       : "correct bind_dn and password_file");
	return false;
}

bool inspect_server(struct inspection *inspection, const struct server *server, struct visit *visit)
{
	char why[CONNECTION_TEXT_SIZE];

	if (!visit_begin(visit, inspection->directory, server, CONNECTION_FOR_LOOKUPS, why)) {
		finding_add(inspection->findings, FINDING_ERROR, "server", server->name, "%s", why);
		finding_remedy(inspection->findings,
			       "start it, open the way to it, or take it out of the DNS and "
			       "`servers`");
		return false;
	}
	tell_latency(inspection, visit);
	tell_clock(inspection, visit);
	look_at_certificate(inspection, visit);
	if (!bind_as_service(inspection, visit)) {
		visit_end(visit);
		return false;
	}
	if (inspection->directory->bind == CONF_BIND_GSSAPI &&
	    inspection->directory->schema.active_directory) {
		look_at_policy(inspection, server, CONNECTION_FOR_LOOKUPS);
		if (inspection->directory->tls != CONF_TLS_NONE)
			look_at_policy(inspection, server, CONNECTION_FOR_PASSWORDS);
	}
	return true;
}

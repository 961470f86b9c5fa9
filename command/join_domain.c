/* SPDX-License-Identifier: ISC */
/* What `postern join` asks of the domain before it changes anything. */
#include "command/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/memory.h"
#include "command/admin.h"
#include "conf/conf.h"
#include "directory/diagnose.h"
#include "directory/entry.h"
#include "domain/computer.h"

enum { SKEW_MAX = 300 /* seconds; Kerberos refuses more */ };

static bool visit_first(struct join *join, const struct srv *servers, size_t count)
{
	char why[CONNECTION_TEXT_SIZE], reasons[800] = "";
	struct server server;

	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(reasons);

		server_set(&server, servers[i].host, servers[i].port, false, 0);
		if (visit_begin(&join->visit, &join->conf->directories[0], &server,
				CONNECTION_FOR_LOOKUPS, why))
			return true;
		snprintf(reasons + used, sizeof(reasons) - used, "\n  %s: %s", server.name, why);
	}
	return join_fail("no controller of %s can be reached:%s\n"
			 "Is port 389 open from here to the controllers?",
			 join->domain, reasons);
}

bool join_find_controller(struct join *join)
{
	struct srv servers[SRV_MAX];
	const char *why = NULL;
	size_t count = visit_find(join->domain, servers, &why);

	if (count == 0)
		return join_fail(
			"the DNS names no controller of %s "
			"(SRV _ldap._tcp.dc._msdcs.%s: %s): let this machine ask the "
			"domain's own name servers (/etc/resolv.conf), or correct the name",
			join->domain, join->domain, why);
	join->visiting = visit_first(join, servers, count);
	if (!join->visiting)
		return false;
	if (join->visit.has_clock && llabs(join->visit.clock_skew) > SKEW_MAX)
		return join_fail("this machine's clock is %lld s %s that of %s, and Kerberos ends "
				 "at %d: set it (timedatectl set-ntp true), then try again",
				 llabs(join->visit.clock_skew),
				 join->visit.clock_skew < 0 ? "ahead of" : "behind",
				 join->visit.server.name, SKEW_MAX);
	join_step(join, "controller", "%s of %zu, clock %+lld s", join->visit.server.name, count,
		  (long long)join->visit.clock_skew);
	return true;
}

bool join_get_ticket(struct join *join)
{
	char why[CONNECTION_TEXT_SIZE], computer[32];
	struct admin admin = { join->admin,          join->realm, join->scratch,
			       join->stdin_password, NULL,        NULL };

	snprintf(computer, sizeof(computer), "%s$", join->name);
	if (join->one_time) {
		admin.computer = computer;
		admin.secret = &join->secret;
	}
	if (!admin_ticket(&admin, &join->ticket, &join->own_ticket))
		return false;
	if (!visit_bind_ticket(&join->visit, &join->ticket, why))
		return join_fail("%s does not take the ticket of %s: %s", join->visit.server.name,
				 join->ticket.principal, why);
	join_step(join, "ticket", "%s%s", join->ticket.principal,
		  join->own_ticket ? "" : ", from the Kerberos cache");
	if (!facts_load(&join->visit.connection, join->visit.conf, visit_deadline(&join->visit),
			&join->facts, why, sizeof(why)))
		return join_fail("%s: %s", join->visit.server.name, why);
	return true;
}

size_t join_principals(const struct join *join, size_t index, char to[JOIN_NAME_SIZE + 8])
{
	static const char *const services[] = { "host", "smtp", "pop" };
	const size_t kinds = sizeof(services) / sizeof(services[0]);
	const char *host = join->host;

	if (index >= kinds * (join->hosts_count + 1))
		return 0;
	if (index >= kinds)
		host = join->hosts[index / kinds - 1];
	return (size_t)snprintf(to, JOIN_NAME_SIZE + 8, "%s/%s", services[index % kinds], host);
}

static bool principal_is_free(struct join *join, const char *spn, const char *dn)
{
	char other[PERSON_DN_SIZE];

	switch (computer_other_owner(&join->visit, spn, dn, other)) {
	case 0:
		return true;
	case 1:
		return join_fail("the service principal %s belongs to %s: choose another --host, "
				 "or have a domain administrator remove it there (setspn -D %s "
				 "ACCOUNT)",
				 spn, other, spn);
	default:
		return join_fail("%s cannot be asked who has %s", join->visit.server.name, spn);
	}
}

/* An account of our name is ours when it says so itself, or says nothing (prepared). */
static bool name_is_free(struct join *join, const struct computer *account)
{
	if (account->controller)
		return join_fail("%s is the account of a domain controller: choose another name "
				 "with --computer-name",
				 account->dn);
	if (!account->dns_host[0] || strcasecmp(account->dns_host, join->host) == 0)
		return true;
	return join_fail(
		"the name %s is taken: %s is the account of %s. Choose another with "
		"--computer-name; or if that machine is no more, delete the account: adcli "
		"delete-computer --domain=%s %s",
		join->name, account->dn, account->dns_host, join->domain, join->name);
}

bool join_look_at_names(struct join *join)
{
	char name[32], spn[JOIN_NAME_SIZE + 8], why[400];
	struct computer account;
	enum computer_found found;
	bool good;

	snprintf(name, sizeof(name), "%s$", join->name);
	found = computer_find(&join->visit, name, &account, why, sizeof(why));
	if (found == COMPUTER_FAILED)
		return join_fail("%s: %s", join->visit.server.name, why);
	join->rejoin = found == COMPUTER_FOUND;
	good = found == COMPUTER_NONE || name_is_free(join, &account);
	for (size_t i = 0; good && join_principals(join, i, spn); i++)
		good = principal_is_free(join, spn, account.dn);
	if (good)
		join_step(join, "name", "%s$ %s", join->name,
			  join->rejoin ? "has an account, which is taken over" : "is free");
	computer_clear(&account);
	return good;
}

/* --- who signed the controllers' certificates --- */

static bool is_trusted(struct join *join, const char *file, struct tls_report *report)
{
	return diagnose_look(&join->visit.server, join->visit.server.port, true, file,
			     visit_deadline(&join->visit), report) &&
	       !report->trouble[0];
}

static void add_pem(struct span der, struct buffer *pem)
{
	size_t size = BASE64_ENCODED(der.length), length;
	char *text = memory_new(size);

	length = base64_encode(der, text, size);
	buffer_add_text(pem, "-----BEGIN CERTIFICATE-----\n");
	for (size_t i = 0; i < length; i += 64)
		buffer_add_format(pem, "%.64s\n", text + i);
	buffer_add_text(pem, "-----END CERTIFICATE-----\n");
	free(text);
}

/* The forest's own root authorities (MS-WCCE 2.2.2.11.2), read under Kerberos' seal. */
static void read_authorities(struct join *join, struct buffer *pem)
{
	static const char *const attributes[] = { "cACertificate", NULL };
	char *base = memory_format("CN=Certification Authorities,CN=Public Key Services,"
				   "CN=Services,%s",
				   join->visit.configuration);
	struct search_result result;
	struct span der;

	visit_search(&join->visit,
		     &(struct search){ .base = base,
				       .scope = LDAP_SCOPE_ONELEVEL,
				       .filter = "(objectClass=certificationAuthority)",
				       .attributes = attributes,
				       .ad = true },
		     &result);
	for (size_t i = 0; i < result.count; i++)
		for (size_t k = 0; entry_value(result.entries[i], "cACertificate", k, &der); k++)
			add_pem(der, pem);
	search_result_clear(&result);
	free(base);
}

/* True when the forest's authorities, or what an earlier join found of them, vouch for it. */
static bool use_forest(struct join *join)
{
	struct buffer pem = BUFFER_EMPTY;
	struct tls_report report;
	char scratch[128], path[JOIN_PATH_SIZE];
	bool there, good;

	snprintf(path, sizeof(path), "%.480s/domain-ca.pem", join->folder);
	there = access(path, F_OK) == 0;
	good = there && is_trusted(join, path, &report);
	if (!there) {
		read_authorities(join, &pem);
		snprintf(scratch, sizeof(scratch), "%s/authority.pem", join->scratch);
		good = buffer_used(&pem) > 0 && join_write_new(scratch, 0600, buffer_span(&pem)) &&
		       is_trusted(join, scratch, &report) &&
		       (join->dry_run || join_write_new(path, 0644, buffer_span(&pem)));
	}
	if (good) {
		snprintf(join->authority_path, sizeof(join->authority_path), "%s", path);
		join_step(join, "authority", "%s, %s", path,
			  there ? "which is there" : "out of the directory itself");
	}
	buffer_clear(&pem);
	return good;
}

bool join_find_authority(struct join *join)
{
	struct tls_report report;

	if (join->authority) {
		snprintf(join->authority_path, sizeof(join->authority_path), "%s", join->authority);
		if (is_trusted(join, join->authority, &report))
			join_step(join, "authority", "%s", join->authority);
		else
			return join_fail("--ca %s does not do: %s", join->authority,
					 report.trouble[0] ? report.trouble
							   : "the controller has no TLS");
		return true;
	}
	if (is_trusted(join, connection_ca_file(join->visit.conf), &report)) {
		join_step(join, "authority", "the system's own authorities vouch for %s",
			  join->visit.server.name);
		return true;
	}
	if (use_forest(join))
		return true;
	join_step(join, "authority",
		  "WARNING: nobody vouches for %s (%s); passwords cannot be checked until tls_ca "
		  "names the file of the authority that signed its certificate",
		  join->visit.server.name,
		  report.trouble[0] ? report.trouble : "it has no TLS on port 389");
	return true;
}

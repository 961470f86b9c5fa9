/* SPDX-License-Identifier: ISC */
/* Our keytab beside our account, and its service principals beside the forest. */
#include "domain/inspect_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "domain/computer.h"
#include "domain/keytab_file.h"
#include "domain/ticket.h"

static const char renew_remedy[] =
	"wait a minute if it was rotated just now (replication); else, when the KDC answers, give "
	"the account a new key: postern leave --local, then postern join";

enum { ENCTYPE_AES128 = 17, ENCTYPE_AES256 = 18 }; /* RFC 3962 */

/* "GW$@CORP.EXAMPLE" is the account "GW$". */
static void account_name(const char *principal, char *to, size_t size)
{
	snprintf(to, size, "%.*s", (int)strcspn(principal, "@"), principal);
}

static const char *our_principal(const struct inspection *inspection, const struct keytab *keytab)
{
	const char *computer = keytab_computer(keytab);

	if (inspection->directory->principal[0])
		return inspection->directory->principal;
	return computer ? computer : keytab->keys[0].principal;
}

static bool has_newest(const struct keytab *keytab, const char *principal, int enctype)
{
	unsigned newest = keytab_newest(keytab, principal);

	for (size_t i = 0; i < keytab->count; i++)
		if (keytab->keys[i].enctype == enctype && keytab->keys[i].version == newest &&
		    strcmp(keytab->keys[i].principal, principal) == 0)
			return true;
	return false;
}

/* What can be said of the file without the directory. */
static void look_at_enctypes(struct inspection *inspection, const struct keytab *keytab)
{
	const char *file = inspection->directory->keytab;
	size_t weak = 0;
	char name[64] = "";

	for (size_t i = 0; i < keytab->count; i++) {
		if (keytab_is_strong(&keytab->keys[i]))
			continue;
		keytab_enctype_name(keytab->keys[i].enctype, name, sizeof(name));
		weak++;
	}
	if (weak == 0)
		return;
	finding_add(inspection->findings, weak == keytab->count ? FINDING_ERROR : FINDING_WARNING,
		    "enctypes", file,
		    weak == keytab->count
			    ? "holds only %s keys, which controllers refuse from 2026 on"
			    : "holds %s keys beside AES keys",
		    name);
	finding_remedy(inspection->findings,
		       "export AES keys: postern rotate --now; before that, on a controller: "
		       "Set-ADComputer NAME -KerberosEncryptionType AES128,AES256");
}

static void compare_versions(struct inspection *inspection, const struct keytab *keytab,
			     const char *principal, const struct computer *account)
{
	const char *file = inspection->directory->keytab;
	unsigned ours = keytab_newest(keytab, principal), theirs = account->version;

	if (theirs == 0)
		return;
	finding_add(inspection->findings, ours == theirs ? FINDING_GOOD : FINDING_ERROR, "kvno",
		    file, "newest key of %s is number %u, the directory's is %u%s", principal, ours,
		    theirs,
		    ours < theirs   ? ": somebody changed the account's password"
		    : ours > theirs ? ": the directory is older, or the account was made anew"
				    : "");
	if (ours != theirs)
		finding_remedy(inspection->findings, "%s", renew_remedy);
}

static void compare_enctypes(struct inspection *inspection, const struct keytab *keytab,
			     const char *principal, const struct computer *account)
{
	unsigned offered = account->enctypes;
	bool lacks = (offered & 0x8 && !has_newest(keytab, principal, ENCTYPE_AES128)) ||
		     (offered & 0x10 && !has_newest(keytab, principal, ENCTYPE_AES256));

	if (lacks && keytab_newest(keytab, principal) > 0) {
		finding_add(inspection->findings, FINDING_ERROR, "enctypes",
			    inspection->directory->keytab,
			    "lacks an AES key that the account offers (0x%x): tickets under it "
			    "cannot be read",
			    offered);
		finding_remedy(inspection->findings, "run postern rotate --now");
	}
	if ((offered & COMPUTER_AES) == COMPUTER_AES && !(offered & COMPUTER_RC4))
		return;
	finding_add(inspection->findings, FINDING_WARNING, "enctypes", account->dn,
		    "msDS-SupportedEncryptionTypes is 0x%x, not 0x18 (AES alone)", offered);
	finding_remedy(inspection->findings,
		       "as a domain administrator: Set-ADComputer \"%s\" -KerberosEncryptionType "
		       "AES128,AES256",
		       account->dn);
}

static void look_at_spn(struct inspection *inspection, struct visit *catalog,
			const struct computer *account, const char *name, const char *spn)
{
	char other[PERSON_DN_SIZE];
	char bare[64];

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(name, "$"), name);
	if (!computer_has_spn(account, spn)) {
		finding_add(inspection->findings, FINDING_WARNING, "spn", account->dn,
			    "%s is missing: nobody gets a ticket for it", spn);
		finding_remedy(inspection->findings, "as a domain administrator: setspn -S %s %s",
			       spn, bare);
	}
	if (computer_other_owner(catalog, spn, account->dn, other) == 1) {
		finding_add(inspection->findings, FINDING_ERROR, "spn", spn,
			    "belongs to %s too, so the KDC gives nobody a ticket for it", other);
		finding_remedy(inspection->findings,
			       "as a domain administrator, find and remove it there: setspn -Q %s; "
			       "setspn -D %s ACCOUNT",
			       spn, spn);
	}
}

static void look_at_host(struct inspection *inspection, struct visit *catalog,
			 const struct computer *account, const char *name, const char *host,
			 bool pop)
{
	char spn[300];

	snprintf(spn, sizeof(spn), "%s/%s", pop ? "pop" : "smtp", host);
	look_at_spn(inspection, catalog, account, name, spn);
}

/* Every name that clients ask a ticket for, once. */
static void look_at_spns(struct inspection *inspection, struct visit *catalog,
			 const struct computer *account, const char *name)
{
	const struct conf *conf = inspection->conf;
	size_t before = inspection->findings->count;

	for (size_t i = 0; i < conf->smtps_count; i++) {
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= strcasecmp(conf->smtps[k].fqdn, conf->smtps[i].fqdn) == 0;
		if (!seen)
			look_at_host(inspection, catalog, account, name, conf->smtps[i].fqdn,
				     false);
	}
	if (conf->pop3.enabled)
		look_at_host(inspection, catalog, account, name, conf->pop3.fqdn, true);
	if (inspection->findings->count == before)
		finding_add(inspection->findings, FINDING_GOOD, "spn", account->dn,
			    "has the service principals of our servers, and nobody else has");
}

/* The forest, where a global catalog can be reached on the same machine; else the domain. */
static void look_in_forest(struct inspection *inspection, struct visit *visit,
			   const struct computer *account, const char *name)
{
	struct server server;
	struct visit catalog;
	char why[CONNECTION_TEXT_SIZE];
	bool begun;

	server_set(&server, visit->server.host, 3268, false, 0);
	begun = visit_begin(&catalog, inspection->directory, &server, CONNECTION_FOR_LOOKUPS, why);
	if (begun && visit_bind_service(&catalog, inspection->credentials, span_text(""), why)) {
		look_at_spns(inspection, &catalog, account, name);
	} else {
		finding_add(inspection->findings, FINDING_NOTE, "spn", server.name,
			    "no global catalog here (%s): principals are compared with this "
			    "domain alone",
			    why);
		look_at_spns(inspection, visit, account, name);
	}
	if (begun)
		visit_end(&catalog);
}

bool inspect_keytab(struct inspection *inspection)
{
	const struct conf_directory *directory = inspection->directory;
	struct keytab keytab;
	char why[CONNECTION_TEXT_SIZE] = "";
	const char *principal;
	enum ticket_try tried;

	if (!keytab_read(directory->keytab, &keytab, why, sizeof(why))) {
		finding_add(inspection->findings, FINDING_ERROR, "keytab", directory->keytab, "%s",
			    why);
		finding_remedy(inspection->findings, "run postern join, or correct `keytab`");
		return false;
	}
	principal = our_principal(inspection, &keytab);
	look_at_enctypes(inspection, &keytab);
	tried = ticket_try_keytab(directory->keytab, principal, why, sizeof(why));
	if (tried != TICKET_GOOD)
		finding_add(inspection->findings, FINDING_ERROR,
			    tried == TICKET_STALE_KEY ? "kvno" : "ticket", directory->keytab,
			    "%s%s", why,
			    tried == TICKET_STALE_KEY ? ": somebody changed the account's password"
						      : "");
	if (tried != TICKET_GOOD)
		finding_remedy(inspection->findings, "%s", renew_remedy);
	keytab_clear(&keytab);
	return tried == TICKET_GOOD;
}

void inspect_account(struct inspection *inspection, struct visit *visit)
{
	struct keytab keytab;
	struct computer account = { 0 };
	char name[KEYTAB_PRINCIPAL_SIZE], why[CONNECTION_TEXT_SIZE] = "";
	const char *principal;

	if (!keytab_read(inspection->directory->keytab, &keytab, why, sizeof(why)))
		return; /* inspect_keytab has told */
	principal = our_principal(inspection, &keytab);
	account_name(principal, name, sizeof(name));
	if (computer_find(visit, name, &account, why, sizeof(why)) == COMPUTER_FOUND) {
		compare_versions(inspection, &keytab, principal, &account);
		compare_enctypes(inspection, &keytab, principal, &account);
		look_in_forest(inspection, visit, &account, name);
	} else {
		finding_add(inspection->findings, FINDING_WARNING, "account", name, "%s", why);
		finding_remedy(inspection->findings,
			       "principal must be the account's own name (NAME$@REALM)");
	}
	computer_clear(&account);
	keytab_clear(&keytab);
}

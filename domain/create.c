/* SPDX-License-Identifier: ISC */
#include "domain/create.h"

#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/connection.h"
#include "directory/facts.h"
#include "directory/locator.h"

enum { SERVERS_TRIED = 4, CREATE_MS = 20000, SECRET_SIZE = 2200, VALUES = 3 };

struct creation {
	const struct conf_directory *section;
	const struct directory_account *account;
	struct connection connection;
	struct facts facts;
	char principal[300]; /* of the ticket, for people */
	char container[PERSON_DN_SIZE];
	int64_t deadline;
	char *why;
	size_t size;
};

/* The principal of the ticket; false when there is none that is good. */
static bool ticket_there(struct creation *creation)
{
	krb5_context context = NULL;
	krb5_ccache cache = NULL;
	krb5_principal principal = NULL;
	char *text = NULL;

	if (krb5_init_context(&context) != 0)
		return false;
	if (krb5_cc_default(context, &cache) == 0 &&
	    krb5_cc_get_principal(context, cache, &principal) == 0 &&
	    krb5_unparse_name(context, principal, &text) == 0)
		snprintf(creation->principal, sizeof creation->principal, "%s", text);
	krb5_free_unparsed_name(context, text);
	krb5_free_principal(context, principal);
	if (cache)
		krb5_cc_close(context, cache);
	krb5_free_context(context);
	return creation->principal[0] != '\0';
}

static bool open_one(struct creation *creation, const struct server *server,
		     struct watchdog *watchdog)
{
	char why[CONNECTION_TEXT_SIZE] = "";

	if (!connection_open(&creation->connection, creation->section, server,
			     CONNECTION_FOR_LOOKUPS, watchdog, creation->deadline, why)) {
		snprintf(creation->why, creation->size, "%s: %s", server->name, why);
		return false;
	}
	if (connection_bind_ticket(&creation->connection, NULL, creation->principal,
				   creation->deadline, why) &&
	    facts_load(&creation->connection, creation->section, creation->deadline,
		       &creation->facts, why, sizeof why))
		return true;
	snprintf(creation->why, creation->size,
		 "%s does not take the ticket of %s (%s): get a fresh one with kinit", server->name,
		 creation->principal, why);
	connection_close(&creation->connection);
	return false;
}

static bool open_any(struct creation *creation, struct watchdog *watchdog)
{
	const char *wrong = "";
	struct locator *locator = locator_new(creation->section, &wrong);
	struct server server;
	int64_t begun = clock_ms();
	bool good = false;

	if (!locator) {
		snprintf(creation->why, creation->size, "servers: %s", wrong);
		return false;
	}
	snprintf(creation->why, creation->size, "no server of directory \"%s\" is known",
		 creation->section->name);
	locator_start(locator);
	locator_wait(locator, creation->deadline);
	for (unsigned i = 0; !good && i < SERVERS_TRIED; i++) {
		if (!locator_choose(locator, begun, &server))
			break;
		good = open_one(creation, &server, watchdog);
		if (!good)
			locator_failed(locator, CONNECTION_FOR_LOOKUPS, server.name,
				       creation->why);
	}
	locator_free(locator);
	return good;
}

/* UTF-8 to UTF-16, little-endian, in quotes (MS-ADTS 3.1.1.3.1.5.1). The length; 0 if it is no
 * text. */
static size_t secret_make(struct span password, unsigned char to[SECRET_SIZE])
{
	size_t used = 0;

	to[used++] = '"';
	to[used++] = 0;
	if (!utf8_valid(password) || password.length * 2 + 4 > SECRET_SIZE)
		return 0;
	for (size_t i = 0; i < password.length;) {
		unsigned char first = (unsigned char)password.at[i];
		unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
		uint32_t code = more == 0 ? first : first & (0x3fU >> more);
		uint32_t units[2];

		for (i++; more > 0; more--, i++)
			code = code << 6 | ((unsigned char)password.at[i] & 0x3f);
		units[0] = code < 0x10000 ? code : 0xd800 + ((code - 0x10000) >> 10);
		units[1] = 0xdc00 + ((code - 0x10000) & 0x3ff);
		for (unsigned u = 0; u < (code < 0x10000 ? 1U : 2U); u++) {
			to[used++] = (unsigned char)(units[u] & 0xff);
			to[used++] = (unsigned char)(units[u] >> 8);
		}
	}
	to[used++] = '"';
	to[used++] = 0;
	return used;
}

struct attribute {
	LDAPMod mod;
	struct berval *values[VALUES];
	struct berval value;
};

static void set(struct attribute *attribute, const char *name, const void *bytes, size_t length)
{
	attribute->value = (struct berval){ length, (char *)bytes };
	attribute->values[0] = &attribute->value;
	attribute->values[1] = NULL;
	attribute->mod.mod_op = LDAP_MOD_ADD | LDAP_MOD_BVALUES;
	attribute->mod.mod_type = (char *)name;
	attribute->mod.mod_bvalues = attribute->values;
}

/* What the administrator can do about it, in the words of his tools. */
static void tell_rights(struct creation *creation)
{
	const struct directory_account *account = creation->account;
	const char *realm = strchr(creation->principal, '@');

	snprintf(creation->why, creation->size,
		 "%s may not create accounts in %s: take the ticket of somebody who may (kinit "
		 "Administrator@%s); or have an administrator delegate it, on a domain controller: "
		 "dsacls \"%s\" /G \"%s:CC;user\"; or have the account made with mail %s "
		 "(samba-tool "
		 "user create %s --mail-address=%s) and repeat this with --no-create-user",
		 creation->principal, creation->container, realm ? realm + 1 : "REALM",
		 creation->container, creation->principal, account->address, account->name,
		 account->address);
}

static void tell_refused(struct creation *creation, int result, const char *diagnostic)
{
	const struct directory_account *account = creation->account;
	char *why = creation->why;
	size_t size = creation->size;

	switch (result) {
	case LDAP_INSUFFICIENT_ACCESS:
		tell_rights(creation);
		break;
	case LDAP_ALREADY_EXISTS:
		snprintf(why, size,
			 "there is another account \"%s\" in the domain: choose another account "
			 "name with "
			 "--user NAME; the address stays %s",
			 account->name, account->address);
		break;
	case LDAP_NO_SUCH_OBJECT:
		snprintf(why, size, "%s is not there: name the container with --container DN",
			 creation->container);
		break;
	case LDAP_CONSTRAINT_VIOLATION:
	case LDAP_UNWILLING_TO_PERFORM:
		snprintf(why, size,
			 "the domain does not take it, most likely because of its password policy "
			 "(length, "
			 "complexity): %s (%.200s)",
			 ldap_err2string(result), diagnostic);
		break;
	default:
		snprintf(why, size, "%s: %s (%.200s)", creation->connection.server,
			 ldap_err2string(result), diagnostic);
	}
}

static bool send_add(struct creation *creation, const char *dn, LDAPMod **mods)
{
	LDAP *ldap = creation->connection.ldap;
	struct watch watch;
	char text[CONNECTION_TEXT_SIZE];
	int result;

	watchdog_arm(creation->connection.watchdog, &watch, creation->connection.guard,
		     creation->deadline);
	result = ldap_add_ext_s(ldap, dn, mods, NULL, NULL);
	if (watchdog_disarm(creation->connection.watchdog, &watch))
		result = LDAP_TIMEOUT;
	if (result == LDAP_SUCCESS)
		return true;
	connection_text(ldap, result, text);
	tell_refused(creation, result, text);
	return false;
}

static void find_container(struct creation *creation)
{
	const char *container = creation->account->container;

	if (container[0])
		snprintf(creation->container, sizeof creation->container, "%s", container);
	else
		snprintf(creation->container, sizeof creation->container, "CN=Users,%.1000s",
			 creation->facts.base);
}

static bool add_account(struct creation *creation)
{
	const struct directory_account *account = creation->account;
	const struct conf_schema *schema = &creation->section->schema;
	struct attribute attributes[9];
	LDAPMod *mods[10] = { NULL };
	unsigned char secret[SECRET_SIZE];
	char dn[PERSON_DN_SIZE + 80], upn[400], proxy[400], quota[32];
	size_t count = 0, length = secret_make(account->password, secret);
	bool good;

	snprintf(creation->why, creation->size, "the password is no UTF-8 text or too long");
	if (length == 0)
		return false;
	snprintf(dn, sizeof dn, "CN=%s,%s", account->name, creation->container);
	snprintf(upn, sizeof upn, "%s@%s", account->name, creation->facts.dns_domain);
	snprintf(proxy, sizeof proxy, "SMTP:%s", account->address);
	snprintf(quota, sizeof quota, "%llu",
		 (unsigned long long)(account->quota /
				      (schema->quota_unit ? schema->quota_unit : 1)));
	set(&attributes[count++], "objectClass", "user", 4);
	set(&attributes[count++], "sAMAccountName", account->name, strlen(account->name));
	if (creation->facts.dns_domain[0])
		set(&attributes[count++], "userPrincipalName", upn, strlen(upn));
	set(&attributes[count++], "userAccountControl", "512", 3); /* a normal account, enabled */
	set(&attributes[count++], "mail", account->address, strlen(account->address));
	set(&attributes[count++], "proxyAddresses", proxy, strlen(proxy));
	set(&attributes[count++], "unicodePwd", secret, length);
	if (account->quota > 0 && schema->attribute[CONF_ATTRIBUTE_QUOTA][0])
		set(&attributes[count++], schema->attribute[CONF_ATTRIBUTE_QUOTA], quota, strlen(quota));
	for (size_t i = 0; i < count; i++)
		mods[i] = &attributes[i].mod;
	good = send_add(creation, dn, mods);
	memory_wipe(secret, sizeof secret);
	return good;
}

bool directory_create_account(const struct conf_directory *section,
			      const struct directory_account *account, char *why, size_t size)
{
	struct creation creation = { .section = section,
				     .account = account,
				     .why = why,
				     .size = size,
				     .deadline = clock_ms() + CREATE_MS };
	struct watchdog *watchdog;
	bool good;

	if (!section->schema.active_directory) {
		snprintf(why, size,
			 "accounts are made in Active Directory only (preset = \"ad\"): make it "
			 "with the directory's own tools, then repeat this with --no-create-user");
		return false;
	}
	if (!ticket_there(&creation)) {
		snprintf(why, size,
			 "no Kerberos ticket: run kinit with your administrator's name (kinit "
			 "Administrator@REALM); "
			 "KRB5CCNAME names another place for it");
		return false;
	}
	watchdog = watchdog_new();
	good = open_any(&creation, watchdog);
	if (good) {
		find_container(&creation);
		good = add_account(&creation);
		connection_close(&creation.connection);
	}
	watchdog_free(watchdog);
	return good;
}

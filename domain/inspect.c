/* SPDX-License-Identifier: ISC */
#include "domain/inspect.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/credentials.h"
#include "domain/inspect_private.h"

enum { INSPECT_SERVERS_MAX = SRV_MAX };

static size_t look_up(struct inspection *inspection, const char *service, enum finding_level level,
		      const char *remedy, struct srv servers[SRV_MAX])
{
	char name[300];
	const char *why = NULL;
	size_t count;

	snprintf(name, sizeof(name), "%s.%s", service, inspection->directory->domain);
	count = srv_query(name, servers, &why);
	if (count > 0) {
		finding_add(inspection->findings, FINDING_GOOD, "dns", name,
			    "names %zu server%s, the first is %s:%u", count, count == 1 ? "" : "s",
			    servers[0].host, servers[0].port);
		return count;
	}
	finding_add(inspection->findings, level, "dns", name, "%s", why);
	finding_remedy(inspection->findings, "%s", remedy);
	return 0;
}

/* What clients and we find the domain by. */
static size_t look_at_names(struct inspection *inspection, struct server servers[])
{
	static const char ask_domain[] =
		"let this machine ask the domain's own name servers (/etc/resolv.conf)";
	struct srv records[SRV_MAX], others[SRV_MAX];
	size_t count = look_up(inspection, "_ldap._tcp.dc._msdcs",
			       inspection->directory->servers_count ? FINDING_NOTE : FINDING_ERROR,
			       ask_domain, records);

	if (inspection->directory->bind == CONF_BIND_GSSAPI) {
		look_up(inspection, "_kerberos._tcp", FINDING_ERROR, ask_domain, others);
		look_up(inspection, "_kpasswd._tcp", FINDING_WARNING,
			"without it the account's password cannot be rotated", others);
	}
	look_up(inspection, "_gc._tcp", FINDING_NOTE,
		"a global catalog is of use in forests of several domains only", others);
	for (size_t i = 0; i < count; i++)
		server_set(&servers[i], records[i].host, records[i].port, false,
			   records[i].priority);
	return count;
}

static size_t list_servers(struct inspection *inspection, struct server servers[])
{
	const struct conf_directory *directory = inspection->directory;
	size_t found = 0, count = 0;
	const char *why;

	if (directory->domain[0] && directory->schema.active_directory)
		found = look_at_names(inspection, servers);
	if (directory->servers_count == 0)
		return found;
	for (size_t i = 0; i < directory->servers_count && count < INSPECT_SERVERS_MAX; i++)
		count += server_parse(directory->servers[i], &servers[count], &why);
	return count;
}

static void look_at_servers(struct inspection *inspection)
{
	struct server servers[INSPECT_SERVERS_MAX];
	size_t count = list_servers(inspection, servers);
	bool account = inspection->directory->bind == CONF_BIND_GSSAPI &&
		       inspection->directory->schema.active_directory;
	struct visit visit;

	for (size_t i = 0; i < count; i++) {
		if (!inspect_server(inspection, &servers[i], &visit))
			continue;
		if (account)
			inspect_account(inspection, &visit);
		account = false; /* once is enough: the account is replicated */
		visit_end(&visit);
	}
}

static bool read_password(const char *path, struct buffer *password)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	bool got = file && fgets(line, sizeof(line), file);

	if (got)
		buffer_add(password, line, strcspn(line, "\r\n"));
	memory_wipe(line, sizeof(line));
	if (file)
		fclose(file);
	return got;
}

void inspect_directory(const struct conf *conf, const struct conf_directory *directory,
		       struct findings *findings)
{
	struct buffer password = BUFFER_EMPTY;
	struct inspection inspection = { conf, directory, findings, NULL, &password };
	char why[400];

	if (directory->bind == CONF_BIND_GSSAPI) {
		if (inspect_keytab(&inspection))
			inspection.credentials = credentials_open(directory, "check", why, sizeof(why));
	} else if (!read_password(directory->password_file, &password)) {
		finding_add(findings, FINDING_ERROR, "password", directory->password_file,
			    "cannot be read");
	}
	look_at_servers(&inspection);
	inspect_winbind(&inspection);
	credentials_close(inspection.credentials);
	buffer_wipe(&password);
}

/* SPDX-License-Identifier: ISC */
/*
 * One configured directory looked at from all sides, for `postern check`: its names in
 * the DNS, every server's clock, latency, certificate and policy, our keytab beside our
 * account, the service principals beside the rest of the forest, and winbind. Blocks;
 * a server that is down costs its `timeout`.
 */
#ifndef DOMAIN_INSPECT_H
#define DOMAIN_INSPECT_H

#include <stdbool.h>

#include "domain/finding.h"

struct conf;
struct conf_directory;

/* directories_prepare must have been called. */
void inspect_directory(const struct conf *conf, const struct conf_directory *directory,
		       struct findings *findings);

/* What a directory gives, by how we are bound to it. */
enum inspect_mode {
	INSPECT_LDAP_ONLY, /* simple bind */
	INSPECT_KEYTAB,    /* Kerberos, no winbind */
	INSPECT_MEMBER,    /* Kerberos, and winbind of the same domain */
};

/* Looks at the configuration and smb.conf alone, asks nobody. */
enum inspect_mode inspect_mode(const struct conf_directory *directory);
/* GSSAPI has NTLM on this machine (Debian: gss-ntlmssp). */
bool inspect_has_ntlmssp(void);
/* smb.conf as Samba's own programs find it: SMB_CONF_PATH, or the system's. */
const char *inspect_smbconf_path(void);

#endif

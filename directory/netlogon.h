/* SPDX-License-Identifier: ISC */
/*
 * The LDAP ping (MS-ADTS 6.3.3): a search of the rootDSE for `netlogon`, over UDP or
 * on a connection, whose one value says who the controller is, in which site it
 * stands, and in which site it sees us: NETLOGON_SAM_LOGON_RESPONSE_EX (6.3.1.9).
 * Only bytes: no sockets, no clock. What comes in may come from anybody.
 */
#ifndef DIRECTORY_NETLOGON_H
#define DIRECTORY_NETLOGON_H

#include "base/span.h"

enum { NETLOGON_NAME_SIZE = 256, NETLOGON_SITE_SIZE = 64, NETLOGON_REQUEST_SIZE = 512 };

/* Version 5EX and 5: the extended answer; and the next closest site. */
#define NETLOGON_VERSION_FILTER "(NtVer=\\16\\00\\00\\00)"

/* Flags of DS_FLAG (MS-ADTS 6.3.1.2) that are of use. */
#define NETLOGON_FLAG_GLOBAL_CATALOG 0x4u
#define NETLOGON_FLAG_KDC            0x20u

struct netlogon {
	bool paused; /* the controller asks not to be used now */
	uint32_t flags;
	char dns_domain[NETLOGON_NAME_SIZE]; /* lower case */
	char host[NETLOGON_NAME_SIZE];       /* lower case */
	char netbios[NETLOGON_SITE_SIZE];
	char server_site[NETLOGON_SITE_SIZE];
	char client_site[NETLOGON_SITE_SIZE]; /* "" = our subnet is in no site */
	char next_site[NETLOGON_SITE_SIZE];   /* "" = not told */
};

/* The search as one LDAP message (RFC 4511); its length, 0 when the domain is too long. */
size_t netlogon_request(const char *dns_domain, uint32_t id, char to[NETLOGON_REQUEST_SIZE]);
/* One datagram: the entry that answers request `id`. False for anything else. */
bool netlogon_reply(struct span datagram, uint32_t id, struct netlogon *netlogon);
/* The attribute's value. Names that could not be asked of the DNS are left empty. */
bool netlogon_parse(struct span value, struct netlogon *netlogon);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * A person's certificate: who vouches for it, and what it says of whose it is, in the
 * forms in which Active Directory knows people by certificates.
 */
#ifndef IO_CERTIFICATE_H
#define IO_CERTIFICATE_H

#include "base/span.h"

enum { CERTIFICATE_IDENTITIES = 5, CERTIFICATE_NAME_SIZE = 1024 };

struct certificate {
	char subject[CERTIFICATE_NAME_SIZE]; /* for the log */
	char sid[200];                       /* of the account it was issued for, "S-1-..." (MS-WCCE
						szOID_NTDS_CA_SECURITY_EXT); or "" */
	char upn[324]; /* userPrincipalName among its alternative names; or "" */
	/*
	 * As altSecurityIdentities may name it (MS-PKCA section 3.1.5.2.1): issuer and serial
	 * number, key identifier, public key, issuer and subject; ends with NULL. Text for
	 * certificate_clear.
	 */
	char *identities[CERTIFICATE_IDENTITIES];
};

/*
 * chain: PEM, the person's own first. Verified, also for being meant to authenticate clients,
 * against the authorities in the file. False with *why; *ours then says that the trouble is with
 * the file, and not with the chain.
 */
bool certificate_read(struct span chain, const char *authorities, struct certificate *certificate,
		      bool *ours, char *why, size_t size);
void certificate_clear(struct certificate *certificate);

#endif

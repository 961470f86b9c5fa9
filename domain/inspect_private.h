/* SPDX-License-Identifier: ISC */
/* Shared by the files of inspect: one looks at servers, one at our account, one at winbind. */
#ifndef DOMAIN_INSPECT_PRIVATE_H
#define DOMAIN_INSPECT_PRIVATE_H

#include "base/span.h"
#include "domain/inspect.h"
#include "domain/visit.h"

struct inspection {
	const struct conf *conf;
	const struct conf_directory *directory;
	struct findings *findings;
	struct credentials *credentials; /* NULL where there are none to bind with */
	struct buffer *password;         /* for a simple bind */
};

/* True when the server answers and takes our bind; *visit is then bound, and the caller ends it. */
bool inspect_server(struct inspection *inspection, const struct server *server,
		    struct visit *visit);
/* The file by itself and before the KDC: true when a ticket can be had with it. */
bool inspect_keytab(struct inspection *inspection);
/* The file beside the account; the visit is bound. */
void inspect_account(struct inspection *inspection, struct visit *visit);
void inspect_winbind(struct inspection *inspection);

#endif

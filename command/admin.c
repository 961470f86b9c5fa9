/* SPDX-License-Identifier: ISC */
#include "command/admin.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "command/secret.h"

static void name_principal(const struct admin *admin, char to[TICKET_NAME_SIZE])
{
	const char *user = admin->user ? admin->user : "Administrator";

	if (admin->computer)
		user = admin->computer;
	if (strchr(user, '@'))
		snprintf(to, TICKET_NAME_SIZE, "%s", user);
	else
		snprintf(to, TICKET_NAME_SIZE, "%s@%s", user, admin->realm);
}

bool admin_ticket(const struct admin *admin, struct ticket *ticket, bool *own)
{
	char principal[TICKET_NAME_SIZE], prompt[TICKET_NAME_SIZE + 32], cache[128], why[500];
	char secret[SECRET_SIZE];

	*own = false;
	if (!admin->user && !admin->computer && !admin->stdin_password &&
	    ticket_find(admin->realm, ticket))
		return true;
	name_principal(admin, principal);
	snprintf(prompt, sizeof(prompt), "%s of %s",
		 admin->computer ? "One-time password" : "Password", principal);
	snprintf(cache, sizeof(cache), "FILE:%s/ticket", admin->scratch);
	if (!secret_read(prompt, admin->stdin_password, secret))
		return false;
	*own = ticket_get(principal, span_text(secret), cache, ticket, why, sizeof(why));
	if (*own && admin->secret)
		buffer_add_text(admin->secret, secret);
	memory_wipe(secret, sizeof(secret));
	if (!*own)
		fprintf(stderr, "postern: %s\n", why);
	return *own;
}

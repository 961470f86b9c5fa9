/* SPDX-License-Identifier: ISC */
/*
 * Who sends: told by the standing of a login, which only this role can have signed, or by the
 * envelope of a message that waits. For routing_resolve, routing_expand and MESSAGE_SENDER.
 */
#ifndef DIRECTORY_ROLE_DIRECTORY_SENDER_H
#define DIRECTORY_ROLE_DIRECTORY_SENDER_H

#include "directory_role/directory_role.h"

struct directory_who {
	struct route_sender sender; /* points into this struct, and to the address given */
	char directory[256], id[64];
};

/* standing: of a login; empty = nobody has logged in. False: it is not one of ours. */
bool directory_who_logged_in(const struct directory_role *role, struct span standing,
			     const struct address *address, struct directory_who *who);
/* identity: of an envelope, "directory/id"; "" = nobody had logged in. */
void directory_who_sent(const char *identity, const struct address *address, bool trusted,
			struct directory_who *who);
/* "directory/id"; "" where it does not fit, as if nobody had logged in. */
void directory_identity(const struct directory_who *who, char to[96]);

/* By relay_groups of the server; YES where it has none. `name` and `id` are who has logged in. */
enum sender_relay directory_may_relay(const struct conf *conf, struct directories *directories,
				      const struct conf_smtp *server, const char *name,
				      const char *id);

bool directory_handle_sender(struct work *work); /* MESSAGE_SENDER */

#endif

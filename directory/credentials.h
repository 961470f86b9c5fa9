/* SPDX-License-Identifier: ISC */
/*
 * The Kerberos identity with which a directory is searched: a keytab taken into
 * memory while there still are privileges, and a ticket in a MEMORY: cache that
 * is renewed from it at two thirds of its life. For one thread at a time.
 */
#ifndef DIRECTORY_CREDENTIALS_H
#define DIRECTORY_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

struct conf_directory;
struct credentials;

/*
 * NULL with *why in `room`: the keytab cannot be read, is empty, lacks the principal. `purpose`
 * names the cache, which those of the same purpose must not have at once.
 */
struct credentials *credentials_open(const struct conf_directory *conf, const char *purpose,
				     char *room, size_t size);
void credentials_close(struct credentials *credentials);
/*
 * Makes sure of a ticket and makes it the calling thread's. Blocks on the KDC.
 * Reads the keytab file again when the KDC does not accept the key, since its
 * owner may have renewed it, and then tries the key before, since this KDC may not
 * have heard of the new one yet. A ticket that cannot be renewed serves to its end.
 * False with the reason.
 */
bool credentials_use(struct credentials *credentials, char *why, size_t size);
/* The tickets did not serve: the next credentials_use gets new ones. */
void credentials_forget(struct credentials *credentials);
const char *credentials_principal(const struct credentials *credentials);

#endif

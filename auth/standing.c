/* SPDX-License-Identifier: ISC */
#include "auth/standing.h"

#include <string.h>

#include "base/wire.h"
#include "directory/directory.h"

enum { STANDING_VERSION = 1 };

size_t standing_sign(const struct standing *standing, const unsigned char key[TICKET_KEY_SIZE],
		     void *to, size_t size)
{
	struct wire_writer writer;

	wire_writer_init(&writer, to, size);
	wire_put_u8(&writer, STANDING_VERSION);
	wire_put_u8(&writer, TICKET_STANDING);
	wire_put_u32(&writer, standing->directory);
	wire_put_text(&writer, standing->id);
	wire_put_u64(&writer, (uint64_t)standing->password_set);
	wire_put_text(&writer, standing->session);
	return ticket_seal(&writer, key);
}

bool standing_verify(struct span encoded, const unsigned char key[TICKET_KEY_SIZE],
		     struct standing *standing)
{
	struct wire_reader reader;
	struct span content;

	memset(standing, 0, sizeof(*standing));
	if (encoded.length > STANDING_SIZE_MAX || !ticket_unseal(encoded, key, &content))
		return false;
	wire_reader_init(&reader, content.at, content.length);
	uint8_t version = wire_get_u8(&reader), purpose = wire_get_u8(&reader);
	standing->directory = wire_get_u32(&reader);
	wire_get_text(&reader, standing->id, sizeof(standing->id));
	standing->password_set = (int64_t)wire_get_u64(&reader);
	wire_get_text(&reader, standing->session, sizeof(standing->session));
	return wire_done(&reader) && version == STANDING_VERSION && purpose == TICKET_STANDING;
}

/*
 * Zero is "must be changed at the next logon". An older time than at the login is that of a
 * controller which has not heard of the change yet.
 */
static bool password_changed(int64_t then, int64_t now)
{
	if (then == ACCOUNT_ABSENT || now == ACCOUNT_ABSENT)
		return false;
	return now > then || (now == 0 && then != 0);
}

const char *standing_fault(const struct standing *standing, const struct directory_again *now)
{
	const char *state = person_state_name(now->state & ~PERSON_MUST_CHANGE);

	if (!now->there)
		return "the entry is not there any more";
	if (now->kind != PERSON_ACCOUNT)
		return "not a person's account any more";
	if (state[0])
		return state;
	if (password_changed(standing->password_set, now->password_set))
		return now->password_set ? "the password was changed"
					 : "the password must be changed";
	return NULL;
}

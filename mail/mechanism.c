/* SPDX-License-Identifier: ISC */
#include "mail/mechanism.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"

const struct mechanism *mechanism_find(const struct mechanism *list, struct span name)
{
	for (; list != NULL && list->name != NULL; list++) {
		/* RFC 4954 section 4, RFC 5034 section 4: names are compared without their case. */
		if (span_is_nocase(name, list->name))
			return list;
	}
	return NULL;
}

bool mechanism_usable(const struct mechanism *mechanism, struct mechanism_session session)
{
	if ((mechanism->when & MECHANISM_WITH_CERTIFICATE) && !session.certificate)
		return false;
	return mechanism->when & (session.tls ? MECHANISM_IN_TLS : MECHANISM_IN_PLAIN);
}

void mechanism_add_names(struct buffer *to, const struct mechanism *list,
			 struct mechanism_session session, const char *before, const char *behind)
{
	for (; list != NULL && list->name != NULL; list++) {
		if (mechanism_usable(list, session))
			buffer_add_format(to, "%s%s%s", before, list->name, behind);
	}
}

char *mechanism_challenge(const char *prefix, struct span token)
{
	size_t begin = strlen(prefix), size = begin + BASE64_ENCODED(token.length) + 2;
	char *line = memory_new(size);

	memcpy(line, prefix, begin);
	begin += base64_encode(token, line + begin, size - begin);
	memcpy(line + begin, "\r\n", 3);
	return line;
}

char *mechanism_decode(struct span text, size_t *length)
{
	size_t size = BASE64_DECODED(text.length);
	char *decoded = memory_new(size + 1);

	if (base64_decode(text, decoded, size, length)) {
		decoded[*length] = '\0';
		return decoded;
	}
	mechanism_wipe(decoded, size); /* a part may have been decoded */
	*length = 0;
	return NULL;
}

void mechanism_wipe(char *decoded, size_t length)
{
	if (decoded != NULL)
		memory_wipe(decoded, length);
	free(decoded);
}

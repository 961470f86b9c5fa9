/* SPDX-License-Identifier: ISC */
#include "base/path.h"

#include <stdio.h>

unsigned __int128 path_hash(struct span bytes)
{
	/* FNV-1a, 128 bit: nobody chooses these names to collide, and the answer must never change.
	 */
	const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
	unsigned __int128 hash =
		((unsigned __int128)0x6c62272e07bb0142u << 64) | 0x62b821756295c58du;

	for (size_t i = 0; i < bytes.length; i++) {
		hash ^= (unsigned char)bytes.at[i];
		hash *= prime;
	}
	return hash;
}

static bool component_escapes(const char *name, size_t i)
{
	unsigned char c = (unsigned char)name[i];

	return c < 0x20 || c == 0x7f || c == '/' || c == '%' || (c == '.' && i == 0);
}

bool path_component(const char *name, char to[PATH_COMPONENT_MAX + 1])
{
	const size_t tail =
		18; /* "%~" and a 64-bit hash; an escape is %XX, so no name looks like it */
	struct span whole = span_text(name);
	size_t used = 0, cut = 0;

	for (size_t i = 0; i < whole.length; i++) {
		size_t need = component_escapes(name, i) ? 3 : 1;

		if (used + need > PATH_COMPONENT_MAX) {
			snprintf(to + cut, tail + 1, "%%~%016llx",
				 (unsigned long long)path_hash(whole));
			return true;
		}
		if (need == 3)
			snprintf(to + used, 4, "%%%02X", (unsigned)(unsigned char)name[i]);
		else
			to[used] = name[i];
		used += need;
		if (used + tail <= PATH_COMPONENT_MAX)
			cut = used;
	}
	to[used] = '\0';
	return used > 0;
}

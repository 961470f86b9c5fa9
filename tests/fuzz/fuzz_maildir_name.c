/* SPDX-License-Identifier: ISC */
/* File names in a Maildir, and any text as the name of a mailbox directory. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/maildir_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char uid[MAILDIR_UID_SIZE], component[PATH_COMPONENT_MAX + 1];
	char *text = memory_text_n(data, size);
	struct maildir_name name;

	if (maildir_name_parse(span_make(text, size), &name)) {
		assert(name.unique.at == text && name.unique.length <= size);
		maildir_name_uid(name.unique, uid);
		assert(strlen(uid) >= 1 && strlen(uid) <= 70);
		for (const char *c = uid; *c != '\0'; c++)
			assert(*c >= 0x21 && *c <= 0x7e);
	}
	if (path_component(text, component)) {
		assert(component[0] != '\0' && component[0] != '.');
		assert(strlen(component) <= PATH_COMPONENT_MAX && strchr(component, '/') == NULL);
	}
	free(text);
	return 0;
}

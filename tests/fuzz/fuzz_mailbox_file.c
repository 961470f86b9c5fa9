/* SPDX-License-Identifier: ISC */
/* Any bytes as a mailbox file: what is taken can be written and read again, and is the same. */
#include <assert.h>
#include <string.h>

#include "accounts/mailbox_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MAILBOX_FILE_MAX], again[MAILBOX_FILE_MAX];
	struct mailbox_file file;
	const char *why;
	size_t length;

	if (!mailbox_file_parse(span_make(data, size), &file, &why)) {
		assert(why);
		return 0;
	}
	length = mailbox_file_print(&file, text, sizeof text);
	assert(length > 0 && length <= MAILBOX_FILE_MAX);
	assert(mailbox_file_parse(span_make(text, length), &file, &why));
	assert(mailbox_file_print(&file, again, sizeof again) == length);
	assert(memcmp(text, again, length) == 0);
	return 0;
}

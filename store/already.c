/* SPDX-License-Identifier: ISC */
/*
 * Behind a crash: was a message that waits delivered before, and only not written down? Its label
 * in the names of the mailbox tells, unless its owner has removed it meanwhile.
 */
#include "store/store_private.h"

#include <string.h>

struct looking {
	const char *label;
	size_t length;
	bool found;
};

static bool look(void *context, const char *name)
{
	struct looking *looking = context;

	for (const char *at = strstr(name, ",L="); at != NULL; at = strstr(at + 1, ",L=")) {
		const char *label = at + 3;

		if (strncmp(label, looking->label, looking->length) == 0 &&
		    strchr(",:", label[looking->length]) != NULL) {
			looking->found = true;
			return false;
		}
	}
	return true;
}

bool store_suspects(const struct store *store, int64_t arrived)
{
	return arrived <= (int64_t)store->suspect_before.tv_sec;
}

bool store_has(struct store *store, const struct store_mailbox *who, const char *label)
{
	static const char *const folders[] = { "new", "cur" };
	struct looking looking = { label, strlen(label), false };
	struct mailbox mailbox = MAILBOX_NONE;

	if (label[0] == '\0' || mailbox_open(store, who, false, &mailbox, NULL) != OUTCOME_OK ||
	    mailbox.fd < 0)
		return false;
	for (size_t i = 0; !looking.found && i < 2; i++)
		(void)folder_scan(mailbox.fd, folders[i], SCAN_MESSAGES, look, &looking);
	mailbox_close(&mailbox);
	return looking.found;
}

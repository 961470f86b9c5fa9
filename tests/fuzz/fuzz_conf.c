/* SPDX-License-Identifier: ISC */
/* Any text as a configuration file: read and freed, or refused with at least one complaint. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *context, const char *file, unsigned line, const char *text)
{
	(void)file;
	(void)line;
	assert(strlen(text) > 0);
	++*(unsigned *)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned complaints = 0;
	char *text = memory_text_n(data, size);
	struct conf *conf = conf_parse("fuzz", text, hear, &complaints);

	assert(!conf == (complaints > 0));
	if (conf)
		assert(conf_default_domain(conf) && conf->smtps[0].default_domain[0]);
	conf_free(conf);
	free(text);
	return 0;
}

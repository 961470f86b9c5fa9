/* SPDX-License-Identifier: ISC */
/*
 * The whole POP3 engine. Two octets choose what the session is like and how the
 * world around it behaves (answers at once or later, output full at odd moments,
 * small reads, input split anywhere); the rest is what the client sends.
 */
#include "tests/unit/pop3/scene.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = { "Subject: a\r\n\r\n.\r\n..\r\nb", "\n.\n\n.\n", "", "x\r\n\v",
				     NULL };

static void feed_in_parts(struct scene *scene, const char *at, size_t length)
{
	while (length > 0) {
		size_t part = scene_random(scene) % 64 + 1;

		if (part > length)
			part = length;
		scene_feed(scene, at, part);
		at += part;
		length -= part;
		/* What the engine leaves is less than a line, unless it is over. */
		assert(scene->closed || buffer_used(&scene->input) < POP3_AUTH_MAX);
		assert(scene->closed || !pop3_server_waiting(scene->server));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene scene;
	size_t written;

	if (size < 2)
		return 0;
	scene_init(&scene, texts);
	scene.profile.starttls = data[0] & 0x01;
	scene.profile.basic_without_tls = data[0] & 0x02;
	scene.delayed = data[0] & 0x04;
	scene.full_often = data[0] & 0x08;
	scene.removal = data[0] & 0x10 ? OUTCOME_TEMP : OUTCOME_OK;
	scene.read_size = data[0] & 0x20 ? 1 : 16384;
	scene.random = data[1];
	scene.profile.mechanisms = scene_mechanisms;
	scene.profile.basic = data[1] < 0xc0;
	scene.certificate = data[1] & 0x40;
	if (data[0] & 0x40)
		pop3_server_tls_started(scene.server, scene.certificate);
	pop3_server_greet(scene.server);
	if (data[0] & 0x80)
		feed_in_parts(&scene, (const char *)data + 2, size - 2);
	else
		scene_feed(&scene, (const char *)data + 2, size - 2);
	pop3_server_timeout(scene.server);
	assert(scene.closed && !pop3_server_in_transaction(scene.server));
	written = buffer_used(&scene.output);
	assert(pop3_server_feed(scene.server, "QUIT\r\n", 6) == 6);
	assert(buffer_used(&scene.output) == written);
	scene_clear(&scene);
	return 0;
}

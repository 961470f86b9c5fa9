/* SPDX-License-Identifier: ISC */
/*
 * Whole dialogues with exact replies. Each is played with its input whole, byte
 * by byte and split at random, with answers at once and later, with an output
 * that is full at odd moments and reads of odd sizes: the replies are the same.
 */
#ifndef TESTS_UNIT_POP3_DIALOGUE_H
#define TESTS_UNIT_POP3_DIALOGUE_H

#include "tests/unit/pop3/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define PLAIN  0x1  /* passwords without TLS are permitted */
#define TLS    0x2  /* TLS from the start */
#define NOTLS  0x4  /* STLS is not offered */
#define FAILS  0x8  /* removal ends in OUTCOME_TEMP */
#define EXTRA  0x10 /* mechanisms of the owner are offered */
#define STRICT 0x20 /* passwords in clear text are not taken */
#define SHOWN  0x40 /* the client shows a certificate */
#define PROXIES 0x80 /* sessions may go on elsewhere */

#define GREETING  "+OK mail.corp.example POP3 server ready\r\n"
#define CAPA_HEAD "+OK Capabilities follow\r\nTOP\r\nUIDL\r\n"
#define CAPA_TAIL                                                                                  \
	"RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\nUTF8 USER\r\nLANG\r\n"      \
	"XQUOTA\r\n"                                                                             \
	"IMPLEMENTATION Postern\r\n.\r\n"

static const char *const texts[] = {
	"Subject: one\r\n\r\nfirst\r\n.\r\n..\r\nlast\r\n", /* 36 */
	"Subject: two\r\nX: y\r\n\r\na\r\nb\r\nc\r\n",      /* 31 */
	".Dots: here\nand: there\n\n.lf only\n.\n",         /* 35 */
	"Subject: four\r\n\r\nthe disk\v fails in the middle of this one, which is long\r\n", /* 75
											       */
	NULL
};

struct dialogue {
	const char *name;
	unsigned flags;
	const char *input; /* \f: what follows is typed when all before was answered */
	const char *output;
	const char *asks; /* NULL: none */
};

struct way {
	size_t split; /* octets at a time; 0 = all, SIZE_MAX = at random */
	bool delayed, full_often;
	size_t read_size;
};

static const struct way ways[] = {
	{ 0, false, false, 16384 },
	{ 0, true, false, 16384 },
	{ 1, false, false, 1 },
	{ 1, true, true, 1 },
	{ 0, false, true, 3 },
	{ 0, true, true, 7 },
	{ SIZE_MAX, false, false, 16384 },
	{ SIZE_MAX, true, true, 2 },
	{ SIZE_MAX, false, true, 5 },
};

static inline void segment_feed(struct scene *scene, const struct way *way, const char *at,
				size_t length)
{
	while (length > 0) {
		size_t part = way->split == 0 ? length : way->split;

		if (way->split == SIZE_MAX)
			part = scene_random(scene) % 9 + 1;
		if (part > length)
			part = length;
		scene_feed(scene, at, part);
		at += part;
		length -= part;
	}
}

static inline void play(const struct dialogue *dialogue, const struct way *way, unsigned seed)
{
	struct scene scene;
	char *want = memory_format("%s%s", GREETING, dialogue->output);

	scene_init(&scene, texts);
	scene.profile.basic = !(dialogue->flags & STRICT);
	scene.profile.basic_without_tls = dialogue->flags & PLAIN;
	scene.profile.mechanisms = dialogue->flags & EXTRA ? scene_mechanisms : NULL;
	scene.profile.starttls = !(dialogue->flags & NOTLS);
	scene.profile.proxies = dialogue->flags & PROXIES;
	scene.removal = dialogue->flags & FAILS ? OUTCOME_TEMP : OUTCOME_OK;
	scene.delayed = way->delayed;
	scene.full_often = way->full_often;
	scene.read_size = way->read_size;
	scene.random = seed;
	scene.certificate = dialogue->flags & SHOWN;
	if (dialogue->flags & TLS)
		pop3_server_tls_started(scene.server, scene.certificate);
	pop3_server_greet(scene.server);
	for (const char *at = dialogue->input; *at != '\0'; at += strspn(at, "\f")) {
		segment_feed(&scene, way, at, strcspn(at, "\f"));
		at += strcspn(at, "\f");
	}
	char *got = scene_text(&scene.output);
	char *asks = scene_text(&scene.asks);
	char *notes = scene_text(&scene.notes);
	if (strcmp(got, want) != 0)
		print_error("dialogue \"%s\", split %zu\n", dialogue->name, way->split);
	assert_string_equal(got, want);
	assert_string_equal(asks, dialogue->asks ? dialogue->asks : "");
	assert_null(strstr(notes, "Alice-Pw1"));
	assert_null(strstr(notes, "QWxpY2U"));
	free(notes);
	free(asks);
	free(got);
	free(want);
	scene_clear(&scene);
}

static inline void play_all(const struct dialogue *dialogues, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < sizeof ways / sizeof ways[0]; j++)
			for (unsigned seed = 1; seed <= (ways[j].split == SIZE_MAX ? 5u : 1u);
			     seed++)
				play(&dialogues[i], &ways[j], seed);
}

#endif

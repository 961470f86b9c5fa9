/* SPDX-License-Identifier: ISC */
#include "auth/ntlm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/wire.h"

enum { ROOM = 1024, UNICODE = 0x1, VERSION = 0x02000000 };

/* What an AUTHENTICATE message is made of. */
struct message {
	struct span nt, domain, user, workstation;
	uint32_t flags;
	size_t head; /* 64, 72 with the version, 88 with the MIC besides */
};

#define TEXT(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static void put_field(struct wire_writer *head, struct wire_writer *payload, struct span field)
{
	wire_put_u32(head, (uint32_t)(field.length | field.length << 16));
	wire_put_u32(head, (uint32_t)payload->used);
	wire_put_bytes(payload, field.at, field.length);
}

static struct span make(const struct message *message, char memory[ROOM])
{
	struct wire_writer head, payload;

	memset(memory, 0, ROOM);
	wire_writer_init(&head, memory, ROOM);
	wire_writer_init(&payload, memory, ROOM);
	payload.used = message->head;
	wire_put_bytes(&head, "NTLMSSP", 8);
	wire_put_u32(&head, NTLM_AUTHENTICATE);
	put_field(&head, &payload, span_text(""));
	put_field(&head, &payload, message->nt);
	put_field(&head, &payload, message->domain);
	put_field(&head, &payload, message->user);
	put_field(&head, &payload, message->workstation);
	put_field(&head, &payload, span_text(""));
	wire_put_u32(&head, message->flags);
	return span_make(memory, payload.used);
}

#define RESPONSE_1 "123456789012345678901234"
#define RESPONSE_2 RESPONSE_1 "and the client's part of it"

static void reads_claims(void **state)
{
	static const struct {
		struct message message;
		const char *domain, *user, *workstation; /* user NULL: refused */
		bool version_2;
	} cases[] = {
		{ { TEXT(RESPONSE_2), TEXT("C\0O\0"), TEXT("a\0"), TEXT("W\0"), UNICODE, 64 },
		  "CO",
		  "a",
		  "W",
		  true },
		{ { TEXT(RESPONSE_1), TEXT(""), TEXT("a\0@\0x\0"), TEXT(""), UNICODE, 88 },
		  "",
		  "a@x",
		  "",
		  false },
		{ { TEXT(RESPONSE_2), TEXT("CORP"), TEXT("alice"), TEXT("PC"), 0, 72 },
		  "CORP",
		  "alice",
		  "PC",
		  true },
		/* b\u00f6b, a sign beyond the first plane, and halves of one */
		{ { TEXT(RESPONSE_2), TEXT(""), TEXT("b\0\xf6\0b\0"), TEXT(""), UNICODE, 64 },
		  "",
		  "b\xc3\xb6"
		  "b",
		  "",
		  true },
		{ { TEXT(RESPONSE_2), TEXT(""), TEXT("\x3d\xd8\x00\xde"), TEXT(""), UNICODE, 64 },
		  "",
		  "\xf0\x9f\x98\x80",
		  "",
		  true },
		{ { TEXT(RESPONSE_2), TEXT(""), TEXT("\x3d\xd8"), TEXT(""), UNICODE, 64 },
		  "",
		  NULL,
		  "",
		  0 },
		{ { TEXT(RESPONSE_2), TEXT(""),
		    TEXT("\x3d\xd8"
			 "a\0"),
		    TEXT(""), UNICODE, 64 },
		  "",
		  NULL,
		  "",
		  0 },
		{ { TEXT(RESPONSE_2), TEXT(""), TEXT("\x00\xde"), TEXT(""), UNICODE, 64 },
		  "",
		  NULL,
		  "",
		  0 },
		/* odd, control characters, nobody */
		{ { TEXT(RESPONSE_2), TEXT(""), TEXT("abc"), TEXT(""), UNICODE, 64 },
		  "",
		  NULL,
		  "",
		  0 },
		{ { TEXT(RESPONSE_2), TEXT(""), TEXT("a\0\n\0"), TEXT(""), UNICODE, 64 },
		  "",
		  NULL,
		  "",
		  0 },
		{ { TEXT(RESPONSE_2), TEXT(""), TEXT("a\0\0\0"), TEXT(""), UNICODE, 64 },
		  "",
		  NULL,
		  "",
		  0 },
		{ { TEXT(RESPONSE_2), TEXT("CORP"), TEXT("a\nb"), TEXT(""), 0, 64 },
		  "",
		  NULL,
		  "",
		  0 },
		{ { TEXT(RESPONSE_2), TEXT("CORP"), TEXT(""), TEXT(""), 0, 64 }, "", NULL, "", 0 },
	};
	char memory[ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ntlm_claim claim;
		bool good = ntlm_claim_read(make(&cases[i].message, memory), &claim);

		if (good != (cases[i].user != NULL))
			fail_msg("case %zu", i);
		if (!good)
			continue;
		assert_string_equal(claim.domain, cases[i].domain);
		assert_string_equal(claim.user, cases[i].user);
		assert_string_equal(claim.workstation, cases[i].workstation);
		assert_int_equal(claim.version_2, cases[i].version_2);
	}
}

static const struct message usual = { TEXT(RESPONSE_2), TEXT("CORP"), TEXT("alice"),
				      TEXT("PC"),       VERSION,      64 };

static void a_name_has_a_limit(void **state)
{
	static char name[NTLM_NAME_SIZE];
	struct message message = usual;
	struct ntlm_claim claim;
	char memory[ROOM];

	(void)state;
	memset(name, 'x', sizeof(name));
	message.user = span_make(name, NTLM_NAME_SIZE - 1);
	assert_true(ntlm_claim_read(make(&message, memory), &claim));
	message.user = span_make(name, NTLM_NAME_SIZE);
	assert_false(ntlm_claim_read(make(&message, memory), &claim));
}

static void any_octet_may_be_any(void **state)
{
	char memory[ROOM];
	struct span whole = make(&usual, memory);
	struct ntlm_claim claim;

	(void)state;
	for (size_t size = 0; size <= whole.length; size++) {
		char *exact = malloc(size ? size : 1);
		struct buffer room = BUFFER_EMPTY;

		assert_non_null(exact);
		memcpy(exact, memory, size);
		assert_int_equal(ntlm_claim_read(span_make(exact, size), &claim),
				 size == whole.length);
		(void)ntlm_whole(span_make(exact, size), &room);
		for (size_t at = 0; size == whole.length && at < size * 256; at++) {
			char kept = exact[at / 256];

			exact[at / 256] = (char)(at % 256);
			(void)ntlm_claim_read(span_make(exact, size), &claim);
			(void)ntlm_whole(span_make(exact, size), &room);
			exact[at / 256] = kept;
		}
		buffer_clear(&room);
		free(exact);
	}
}

static void makes_whole(void **state)
{
	static const char negotiate[32] = "NTLMSSP\0\1\0\0\0\6\x82\x08";
	static const char other[40] = "NTLMSSP\0\2";
	struct message message = usual;
	struct buffer room = BUFFER_EMPTY;
	char memory[ROOM];
	struct span whole;

	(void)state;
	/* curl's first message, without the version */
	whole = ntlm_whole(span_make(negotiate, sizeof(negotiate)), &room);
	assert_int_equal(whole.length, 40);
	assert_memory_equal(whole.at, negotiate, sizeof(negotiate));
	assert_memory_equal(whole.at + 32, "\0\0\0\0\0\0\0", 8);
	assert_int_equal(ntlm_type_of(whole), NTLM_NEGOTIATE);
	buffer_clear(&room);
	/* its last one: flags speak of a version that is not there */
	whole = ntlm_whole(make(&message, memory), &room);
	assert_int_equal(whole.at[63] & 2, 0);
	assert_int_equal(memory[63] & 2, 2);
	buffer_clear(&room);
	/* where it is there, nothing is changed */
	message.head = 72;
	whole = ntlm_whole(make(&message, memory), &room);
	assert_ptr_equal(whole.at, memory);
	whole = ntlm_whole(span_make(other, sizeof(other)), &room);
	assert_ptr_equal(whole.at, other);
	assert_int_equal(ntlm_type_of(whole), NTLM_CHALLENGE);
	assert_int_equal(ntlm_type_of(span_text("NTLMSSQ")), NTLM_NONE);
	assert_int_equal(ntlm_type_of(span_make("NTLMSSP\0\4\0\0\0", 12)), NTLM_NONE);
	buffer_clear(&room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_claims),
		cmocka_unit_test(a_name_has_a_limit),
		cmocka_unit_test(any_octet_may_be_any),
		cmocka_unit_test(makes_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

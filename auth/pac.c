/* SPDX-License-Identifier: ISC */
#include "auth/pac.h"

#include <string.h>

#include "base/wire.h"

enum {
	HEADERS = 16, /* of the serialization: they count for no alignment, being two times eight */
	TEXTS_BEFORE = 6, /* EffectiveName to HomeDirectoryDrive */
	TIMES = 6,        /* LogonTime to PasswordMustChange */
	SESSION_KEY = 16,
	AFTER_DOMAIN = 4 * (2 + 1 + 1 + 2 + 2 + 1 + 1), /* Reserved1 to Reserved3 */
	TEXT_UNITS_MAX = 4096,
	GROUPS_MAX = 8192,
	SID_HEAD = 8,
	SID_PARTS_MAX = 15,
};

static uint16_t get_u16(struct wire_reader *reader)
{
	uint16_t low = wire_get_u8(reader);

	return (uint16_t)(low | wire_get_u8(reader) << 8);
}

static void skip(struct wire_reader *reader, size_t octets)
{
	if (octets > reader->left)
		reader->failed = true;
	octets = octets > reader->left ? reader->left : octets;
	reader->at += octets;
	reader->left -= octets;
}

static void align(struct wire_reader *reader, size_t whole)
{
	size_t past = (whole - reader->left) % 4;

	if (past && reader->left)
		skip(reader, 4 - past);
}

/* RPC_UNICODE_STRING (MS-DTYP section 2.3.10): two lengths and where its units are. True:
 * somewhere. */
static bool text_is_there(struct wire_reader *reader)
{
	skip(reader, 4);
	return wire_get_u32(reader) != 0;
}

/* The units of a text: most, first, how many of them. */
static void text_skip(struct wire_reader *reader, size_t whole)
{
	uint32_t count;

	align(reader, whole);
	skip(reader, 8);
	count = wire_get_u32(reader);
	if (count > TEXT_UNITS_MAX)
		reader->failed = true;
	else
		skip(reader, 2 * count);
}

/* What the fixed part says of what follows it. */
struct logon {
	bool before[TEXTS_BEFORE], groups, server, domain_name, domain;
	uint32_t user;
};

static void get_fixed(struct wire_reader *reader, struct logon *logon)
{
	skip(reader, 8 * TIMES);
	for (size_t i = 0; i < TEXTS_BEFORE; i++)
		logon->before[i] = text_is_there(reader);
	(void)get_u16(reader); /* LogonCount */
	(void)get_u16(reader); /* BadPasswordCount */
	logon->user = wire_get_u32(reader);
	skip(reader, 4 + 4); /* PrimaryGroupId, GroupCount: the array says its length again */
	logon->groups = wire_get_u32(reader) != 0;
	skip(reader, 4 + SESSION_KEY); /* UserFlags */
	logon->server = text_is_there(reader);
	logon->domain_name = text_is_there(reader);
	logon->domain = wire_get_u32(reader) != 0;
	skip(reader, AFTER_DOMAIN);
	skip(reader, 4 + 4 + 4 + 4 + 4); /* SidCount, ExtraSids, the three of resource groups */
}

/* What stands between the fixed part and the domain's identifier. */
static void skip_to_domain(struct wire_reader *reader, size_t whole, const struct logon *logon)
{
	for (size_t i = 0; i < TEXTS_BEFORE; i++)
		if (logon->before[i])
			text_skip(reader, whole);
	if (logon->groups) {
		uint32_t count;

		align(reader, whole);
		count = wire_get_u32(reader);
		if (count > GROUPS_MAX)
			reader->failed = true;
		else
			skip(reader, 8 * count);
	}
	if (logon->server)
		text_skip(reader, whole);
	if (logon->domain_name)
		text_skip(reader, whole);
	align(reader, whole);
}

/* The domain's identifier and the account's number in it. */
static bool join_sid(struct wire_reader *reader, uint32_t user, char sid[SID_SIZE_MAX],
		     size_t *length)
{
	uint32_t parts = wire_get_u32(reader);
	struct wire_writer writer;

	if (parts < 1 || parts >= SID_PARTS_MAX)
		return false;
	*length = SID_HEAD + 4 * (size_t)parts;
	wire_get_bytes(reader, sid, *length);
	if (reader->failed || sid[0] != 1 || (unsigned char)sid[1] != parts)
		return false;
	sid[1] = (char)(parts + 1);
	wire_writer_init(&writer, sid + *length, 4);
	wire_put_u32(&writer, user);
	*length += 4;
	return true;
}

bool pac_user_sid(struct span logon_info, char sid[SID_SIZE_MAX], size_t *length, const char **why)
{
	struct wire_reader reader;
	struct logon logon = { 0 };
	uint8_t version, order;

	*why = "the ticket's logon information is malformed";
	wire_reader_init(&reader, logon_info.at, logon_info.length);
	version = wire_get_u8(&reader);
	order = wire_get_u8(&reader);
	skip(&reader, HEADERS - 2);
	if (version != 1 || order != 0x10 || wire_get_u32(&reader) == 0)
		return false;
	get_fixed(&reader, &logon);
	if (reader.failed)
		return false;
	if (!logon.domain || logon.user == 0) {
		*why = "the ticket is for somebody who has no account in a domain";
		return false;
	}
	skip_to_domain(&reader, logon_info.length, &logon);
	return !reader.failed && join_sid(&reader, logon.user, sid, length);
}

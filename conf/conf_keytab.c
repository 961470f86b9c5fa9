/* SPDX-License-Identifier: ISC */
/*
 * A look at a keytab (MIT format, version 0502): big-endian records, each with a
 * length, negative for a hole. Only what a start would fail on much later.
 */
#include "conf/conf_private.h"

#define ENCTYPE_RC4     23
#define ENCTYPE_RC4_EXP 24

struct cursor {
	const unsigned char *at;
	size_t left;
	bool failed;
};

static uint32_t take(struct cursor *cursor, size_t octets)
{
	uint32_t value = 0;

	if (cursor->left < octets) {
		cursor->failed = true;
		cursor->left = 0;
		return 0;
	}
	for (size_t i = 0; i < octets; i++)
		value = value << 8 | cursor->at[i];
	cursor->at += octets;
	cursor->left -= octets;
	return value;
}

static void skip(struct cursor *cursor, size_t octets)
{
	if (cursor->left < octets)
		cursor->failed = true;
	octets = cursor->left < octets ? cursor->left : octets;
	cursor->at += octets;
	cursor->left -= octets;
}

/* The encryption type of one record's key. */
static uint32_t record_enctype(struct cursor *record)
{
	uint32_t components = take(record, 2);

	/* The realm, then the components of the name. */
	for (uint32_t i = 0; i <= components && !record->failed; i++)
		skip(record, take(record, 2));
	skip(record, 4 + 4 + 1); /* type of the name, time, version */
	return take(record, 2);
}

const char *conf_keytab_wrong(const void *bytes, size_t length)
{
	struct cursor all = { .at = bytes, .left = length };
	size_t entries = 0, rc4 = 0;

	if (take(&all, 2) != 0x0502)
		return "is no keytab (it does not begin with the octets 05 02): export it again";
	while (all.left >= 4) {
		uint32_t size = take(&all, 4);
		bool hole = size > INT32_MAX;
		struct cursor record = { .at = all.at };
		uint32_t enctype;

		size = hole ? 0 - size : size;
		if (size == 0)
			break;
		record.left = all.left < size ? all.left : size;
		skip(&all, size);
		enctype = hole ? 0 : record_enctype(&record);
		if (all.failed || record.failed)
			return "is damaged: export it again";
		entries += !hole;
		rc4 += enctype == ENCTYPE_RC4 || enctype == ENCTYPE_RC4_EXP;
	}
	if (entries == 0)
		return "has no entry: export it again";
	if (rc4 == entries)
		return "has RC4 keys only, which domain controllers refuse: set "
		       "msDS-SupportedEncryptionTypes to 24 on the account, change its password "
		       "and "
		       "export the keytab again";
	return NULL;
}

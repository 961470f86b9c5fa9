/* SPDX-License-Identifier: ISC */
#include "directory/netlogon.h"

#include <lber.h>
#include <ldap.h>
#include <stdio.h>
#include <string.h>

enum {
	OPCODE_RESPONSE = 0x17,
	OPCODE_PAUSED = 0x18,
	OPCODE_USER_UNKNOWN = 0x19, /* of no user we asked for: as good as a response */
	HEAD_SIZE = 24,             /* opcode, zeros, flags, GUID */
	TAIL_SIZE = 8,              /* version and two tokens */
	LABEL_MAX = 63,
};
#define VERSION_WITH_ADDRESS 0x8u
#define VERSION_WITH_NEXT    0x10u
#define TOKENS               0xffffffffu
#define DATAGRAM_MAX         65535u

static const char version_wanted[] = { 0x16, 0, 0, 0 };

size_t netlogon_request(const char *dns_domain, uint32_t id, char to[NETLOGON_REQUEST_SIZE])
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	struct berval bytes = { 0, NULL };
	size_t length = 0;
	int good;

	if (!ber)
		return 0;
	/* base "", scope base, never dereference, no limits, values too; an AND of two equalities
	 */
	good = ber_printf(ber, "{it{seeiibt{t{ss}t{so}}{s}}}", (ber_int_t)id,
			  (ber_tag_t)LDAP_REQ_SEARCH, "", (ber_int_t)LDAP_SCOPE_BASE,
			  (ber_int_t)LDAP_DEREF_NEVER, 0, 0, 0, (ber_tag_t)LDAP_FILTER_AND,
			  (ber_tag_t)LDAP_FILTER_EQUALITY, "DnsDomain", dns_domain,
			  (ber_tag_t)LDAP_FILTER_EQUALITY, "NtVer", version_wanted,
			  (ber_len_t)sizeof(version_wanted), "netlogon");
	if (good >= 0 && ber_flatten2(ber, &bytes, 0) == 0 &&
	    bytes.bv_len <= NETLOGON_REQUEST_SIZE) {
		memcpy(to, bytes.bv_val, bytes.bv_len);
		length = bytes.bv_len;
	}
	ber_free(ber, 1);
	return length;
}

struct reader {
	struct span whole;
	size_t at;
};

static uint32_t number_at(struct span whole, size_t at)
{
	const unsigned char *byte = (const unsigned char *)whole.at + at;

	return (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
	       (uint32_t)byte[3] << 24;
}

/* Adds a label and, in front of it, a dot; false when there is no room. */
static bool add_label(char *to, size_t size, size_t *used, struct span label)
{
	size_t dot = *used > 0;

	if (*used + dot + label.length + 1 > size)
		return false;
	if (dot)
		to[(*used)++] = '.';
	memcpy(to + *used, label.at, label.length);
	*used += label.length;
	to[*used] = '\0';
	return true;
}

/* Where a pointer at `at` leads; false when it is cut, or does not lead back behind `limit`. */
static bool follow_pointer(struct span whole, size_t at, size_t limit, size_t *target)
{
	if (at + 1 >= whole.length)
		return false;
	*target =
		((size_t)(unsigned char)whole.at[at] & 0x3f) << 8 | (unsigned char)whole.at[at + 1];
	return *target < limit;
}

/*
 * A name in the form of RFC 1035 section 4.1.4, where a pointer counts from the start
 * of the value. Each pointer leads further back than the one before, so they end.
 */
static bool take_name(struct reader *reader, char *to, size_t size)
{
	struct span whole = reader->whole;
	size_t at = reader->at, limit = at, used = 0;
	size_t *end = &reader->at; /* until the first pointer the name itself is read */

	to[0] = '\0';
	while (at < whole.length) {
		size_t length = (unsigned char)whole.at[at];

		if ((length & 0xc0) == 0xc0) {
			if (end)
				*end = at + 2;
			end = NULL;
			if (!follow_pointer(whole, at, limit, &at))
				return false;
			limit = at;
			continue;
		}
		if (length > LABEL_MAX || length > whole.length - at - 1)
			return false;
		at += 1 + length;
		if (end)
			*end = at;
		if (length == 0)
			return true;
		if (!add_label(to, size, &used, span_make(whole.at + at - length, length)))
			return false;
	}
	return false;
}

/* Letters, digits, hyphens, and what is not ASCII: a site is one label, a domain has dots. */
static void keep_clean(char *name, bool dots)
{
	for (const char *c = name; *c; c++)
		if (!ascii_is_alnum(*c) && *c != '-' && *c != '_' && !(*c & 0x80) &&
		    !(dots && *c == '.')) {
			name[0] = '\0';
			return;
		}
	if (!utf8_valid(span_text(name)))
		name[0] = '\0';
}

static bool take_site(struct reader *reader, char to[NETLOGON_SITE_SIZE])
{
	char name[NETLOGON_NAME_SIZE];
	bool good = take_name(reader, name, sizeof(name));

	keep_clean(name, false);
	if (!good || !span_copy(span_text(name), to, NETLOGON_SITE_SIZE))
		to[0] = '\0';
	return good;
}

static bool take_domain(struct reader *reader, char to[NETLOGON_NAME_SIZE])
{
	bool good = take_name(reader, to, NETLOGON_NAME_SIZE);

	keep_clean(to, true);
	ascii_lower_text(to);
	return good;
}

static bool take_names(struct reader *reader, struct netlogon *netlogon)
{
	char skipped[NETLOGON_NAME_SIZE];

	/* forest, domain, host, NetBIOS domain and host, user, both sites: MS-ADTS 6.3.1.9 */
	return take_domain(reader, skipped) && take_domain(reader, netlogon->dns_domain) &&
	       take_domain(reader, netlogon->host) && take_site(reader, netlogon->netbios) &&
	       take_name(reader, skipped, sizeof(skipped)) &&
	       take_name(reader, skipped, sizeof(skipped)) &&
	       take_site(reader, netlogon->server_site) && take_site(reader, netlogon->client_site);
}

/* The answer is good without it. */
static void take_next_site(struct reader *reader, uint32_t version, struct netlogon *netlogon)
{
	if (version & VERSION_WITH_ADDRESS) {
		if (reader->at >= reader->whole.length)
			return;
		reader->at += 1 + (size_t)(unsigned char)reader->whole.at[reader->at];
	}
	if ((version & VERSION_WITH_NEXT) && !take_site(reader, netlogon->next_site))
		netlogon->next_site[0] = '\0';
}

bool netlogon_parse(struct span value, struct netlogon *netlogon)
{
	struct reader reader = { value, HEAD_SIZE };
	unsigned opcode;
	uint32_t version;

	*netlogon = (struct netlogon){ 0 };
	if (value.length < HEAD_SIZE + TAIL_SIZE || value.length > DATAGRAM_MAX)
		return false;
	opcode = (unsigned char)value.at[0] | (unsigned)(unsigned char)value.at[1] << 8;
	if (opcode != OPCODE_RESPONSE && opcode != OPCODE_PAUSED && opcode != OPCODE_USER_UNKNOWN)
		return false;
	/* The version comes last, and tells what stands before it. */
	version = number_at(value, value.length - TAIL_SIZE);
	if (number_at(value, value.length - 4) != TOKENS)
		return false;
	netlogon->paused = opcode == OPCODE_PAUSED;
	netlogon->flags = number_at(value, 4);
	reader.whole.length -= TAIL_SIZE;
	if (!take_names(&reader, netlogon))
		return false;
	take_next_site(&reader, version, netlogon);
	return true;
}

/* One attribute was asked for; the controller sends no other. */
static bool take_value(BerElement *ber, struct netlogon *netlogon)
{
	struct berval dn, name, value;

	return ber_scanf(ber, "{m{{m[m", &dn, &name, &value) != LBER_ERROR &&
	       span_is_nocase(span_make(name.bv_val, name.bv_len), "netlogon") &&
	       netlogon_parse(span_make(value.bv_val, value.bv_len), netlogon);
}

bool netlogon_reply(struct span datagram, uint32_t id, struct netlogon *netlogon)
{
	/* liblber only reads through it. */
	struct berval bytes = { datagram.length, (char *)(uintptr_t)datagram.at };
	BerElement *ber = datagram.length ? ber_init(&bytes) : NULL;
	ber_int_t got = -1;
	ber_tag_t tag;
	bool good = false;

	*netlogon = (struct netlogon){ 0 };
	if (!ber)
		return false;
	if (ber_scanf(ber, "{it", &got, &tag) != LBER_ERROR && got == (ber_int_t)id &&
	    tag == LDAP_RES_SEARCH_ENTRY)
		good = take_value(ber, netlogon);
	ber_free(ber, 1);
	return good;
}

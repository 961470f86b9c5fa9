/* SPDX-License-Identifier: ISC */
#include "directory/dn.h"

#include <ldap.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/memory.h"

enum { AVAS_MAX = 16 };

static void add_octet(struct buffer *to, unsigned char octet)
{
	char hex[3] = "";
	char c = (char)octet;

	if (octet < ' ' || strchr(",+=\\\"<>;#", octet)) {
		hex_encode(span_make(&c, 1), hex);
		buffer_add(to, "\\", 1);
		buffer_add(to, hex, 2);
		return;
	}
	c = ascii_lower(c);
	buffer_add(to, &c, 1);
}

/* Spaces at the ends do not count, several in a row are one (RFC 4518 section 2.6.1). */
static void add_value(struct buffer *to, const struct berval *value)
{
	struct span text = span_trim(span_make(value->bv_val, value->bv_len));

	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] != ' ' || text.at[i - 1] != ' ')
			add_octet(to, (unsigned char)text.at[i]);
}

static char *ava_normal(const LDAPAVA *ava)
{
	struct buffer text = BUFFER_EMPTY;
	char *copy;

	for (size_t i = 0; i < ava->la_attr.bv_len; i++)
		add_octet(&text, (unsigned char)ava->la_attr.bv_val[i]);
	buffer_add(&text, "=", 1);
	add_value(&text, &ava->la_value);
	buffer_add(&text, "", 1);
	copy = memory_text(buffer_bytes(&text));
	buffer_clear(&text);
	return copy;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_rdn(struct buffer *to, LDAPRDN rdn)
{
	char *avas[AVAS_MAX];
	size_t count = 0;

	while (rdn[count] && count < AVAS_MAX) {
		avas[count] = ava_normal(rdn[count]);
		count++;
	}
	qsort(avas, count, sizeof(*avas), compare_texts);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_add(to, "+", 1);
		buffer_add_text(to, avas[i]);
		free(avas[i]);
	}
	return count > 0 && !rdn[count];
}

static LDAPDN parse(const char *text)
{
	LDAPDN dn = NULL;

	if (!text || ldap_str2dn(text, &dn, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		return NULL;
	return dn;
}

char *dn_normal(const char *text)
{
	LDAPDN dn = parse(text);
	struct buffer normal = BUFFER_EMPTY;
	bool good = dn != NULL;
	char *copy;

	for (size_t i = 0; good && dn[i]; i++) {
		if (i > 0)
			buffer_add(&normal, ",", 1);
		good = add_rdn(&normal, dn[i]);
	}
	if (dn)
		ldap_dnfree(dn);
	if (!good || buffer_used(&normal) == 0) {
		buffer_clear(&normal);
		return NULL;
	}
	buffer_add(&normal, "", 1);
	copy = memory_text(buffer_bytes(&normal));
	buffer_clear(&normal);
	return copy;
}

bool dn_valid(const char *text)
{
	LDAPDN dn = parse(text);
	bool valid = dn && dn[0];

	if (dn)
		ldap_dnfree(dn);
	return valid;
}

bool dn_domain(const char *text, char *to, size_t size)
{
	LDAPDN dn = parse(text);
	char *domain = NULL;
	bool fits = false;

	if (dn && ldap_dn2domain(text, &domain) == LDAP_SUCCESS && domain)
		fits = domain[0] && span_copy(span_text(domain), to, size);
	if (fits)
		ascii_lower_text(to);
	ldap_memfree(domain);
	if (dn)
		ldap_dnfree(dn);
	return fits;
}

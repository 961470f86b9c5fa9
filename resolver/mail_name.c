/* SPDX-License-Identifier: ISC */
#include "resolver/mail_name.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/address.h"

static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 128)
		text++;
	return !*text;
}

bool mail_name_ascii(const char *domain, char ascii[DNS_NAME_SIZE])
{
	char *made = NULL;
	bool good;

	if (!domain_valid(span_text(domain)))
		return false;
	if (is_ascii(domain)) {
		good = span_copy(span_text(domain), ascii, DNS_NAME_SIZE - 2);
	} else {
		good = idn2_to_ascii_8z(domain, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) ==
			       IDN2_OK &&
		       span_copy(span_text(made), ascii, DNS_NAME_SIZE - 2) &&
		       domain_valid(span_text(ascii));
		idn2_free(made);
	}
	if (good)
		ascii_lower_text(ascii);
	return good;
}

bool mail_name_address(const char *text, unsigned char address[16])
{
	char bare[INET6_ADDRSTRLEN + 8];
	size_t length = strlen(text);
	struct span inner = span_text(text);

	if (length >= 2 && text[0] == '[' && text[length - 1] == ']')
		inner = span_make(text + 1, length - 2);
	if (span_starts_nocase(inner, "IPv6:"))
		inner = span_skip(inner, strlen("IPv6:"));
	if (!span_copy(inner, bare, sizeof bare))
		return false;
	if (inet_pton(AF_INET6, bare, address) == 1)
		return true;
	memcpy(address, mapped, sizeof mapped);
	return inet_pton(AF_INET, bare, address + sizeof mapped) == 1;
}

void mail_name_from_record(struct span data, unsigned char address[16])
{
	memcpy(address, mapped, sizeof mapped);
	if (data.length == 4)
		memcpy(address + sizeof mapped, data.at, 4);
	else
		memcpy(address, data.at, 16);
}

bool mail_name_is_ipv4(const unsigned char address[16])
{
	return memcmp(address, mapped, sizeof mapped) == 0;
}

void mail_name_reverse(const unsigned char address[16], char name[DNS_NAME_SIZE])
{
	size_t used = 0;

	if (mail_name_is_ipv4(address)) {
		snprintf(name, DNS_NAME_SIZE, "%u.%u.%u.%u.in-addr.arpa", address[15], address[14],
			 address[13], address[12]);
		return;
	}
	for (int i = 15; i >= 0; i--)
		used += (size_t)snprintf(name + used, DNS_NAME_SIZE - used, "%x.%x.",
					 address[i] & 15u, address[i] >> 4u);
	snprintf(name + used, DNS_NAME_SIZE - used, "ip6.arpa");
}

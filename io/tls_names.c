/* SPDX-License-Identifier: ISC */
/* Whose a server's certificate is. */
#include "io/tls_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_OCTETS 256

/* ".example.com" and "*.example.com" stand for one label more (RFC 8461 section 4.1). */
static const char *pattern_tail(const char *name)
{
	if (name[0] == '*' && name[1] == '.')
		return name + 1;
	return name[0] == '.' ? name : NULL;
}

static bool fits_tail(const char *name, const char *tail)
{
	const char *dot = strchr(name, '.');

	return dot != NULL && dot != name && strcasecmp(dot, tail) == 0;
}

/* True with *name: the next DNS name of the certificate. A name with NUL inside is none. */
static bool next_dns_name(gnutls_x509_crt_t certificate, unsigned *index,
			  char name[NAME_MAX_OCTETS])
{
	for (;; (*index)++) {
		size_t size = NAME_MAX_OCTETS - 1;
		int type = gnutls_x509_crt_get_subject_alt_name(certificate, *index, name, &size,
								NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (type < 0)
			return false;
		if (type != GNUTLS_SAN_DNSNAME || memchr(name, '\0', size) != NULL)
			continue;
		name[size] = '\0';
		(*index)++;
		return true;
	}
}

static bool fits_pattern(gnutls_x509_crt_t certificate, const char *tail)
{
	char name[NAME_MAX_OCTETS];
	unsigned index = 0;

	while (next_dns_name(certificate, &index, name)) {
		if (fits_tail(name, tail))
			return true;
	}
	return false;
}

bool tls_names_fit(gnutls_x509_crt_t certificate, const char *const *names)
{
	for (; names != NULL && *names != NULL; names++) {
		const char *tail = pattern_tail(*names);

		if (tail != NULL ? fits_pattern(certificate, tail)
				 : gnutls_x509_crt_check_hostname2(certificate, *names, 0) != 0)
			return true;
	}
	return false;
}

static void add_name(char *to, size_t size, const char *name)
{
	size_t used = strlen(to);

	snprintf(to + used, size - used, "%s%s", used ? " " : "", name);
}

void tls_names_list(gnutls_x509_crt_t certificate, char *to, size_t size)
{
	char name[NAME_MAX_OCTETS], text[INET6_ADDRSTRLEN];

	to[0] = '\0';
	for (unsigned i = 0;; i++) {
		size_t length = sizeof(name) - 1;
		int type =
			gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &length, NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (type < 0)
			return;
		name[length] = '\0';
		if (type == GNUTLS_SAN_DNSNAME)
			add_name(to, size, name);
		else if (type == GNUTLS_SAN_IPADDRESS &&
			 inet_ntop(length == 4 ? AF_INET : AF_INET6, name, text, sizeof(text)))
			add_name(to, size, text);
	}
}

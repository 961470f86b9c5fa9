/* SPDX-License-Identifier: ISC */
/* IP addresses as 16 octets (IPv4 as ::ffff:a.b.c.d), and as text. */
#ifndef RELAY_NUMERIC_H
#define RELAY_NUMERIC_H

#include <stdbool.h>

#define NUMERIC_SIZE 48

struct sockaddr;

/* "192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1". */
bool numeric_parse(const char *text, unsigned char address[16]);
bool numeric_of_socket(const struct sockaddr *socket, unsigned char address[16]);
void numeric_text(const unsigned char address[16], char to[NUMERIC_SIZE]);

#endif

/* SPDX-License-Identifier: ISC */
#include "relay/numeric.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

bool numeric_parse(const char *text, unsigned char address[16])
{
	memcpy(address, mapped, sizeof mapped);
	if (inet_pton(AF_INET, text, address + sizeof mapped) == 1)
		return true;
	if (strncasecmp(text, "IPv6:", 5) == 0)
		text += 5;
	return inet_pton(AF_INET6, text, address) == 1;
}

bool numeric_of_socket(const struct sockaddr *socket, unsigned char address[16])
{
	if (socket->sa_family == AF_INET) {
		memcpy(address, mapped, sizeof mapped);
		memcpy(address + sizeof mapped, &((const struct sockaddr_in *)socket)->sin_addr, 4);
		return true;
	}
	if (socket->sa_family != AF_INET6)
		return false;
	memcpy(address, &((const struct sockaddr_in6 *)socket)->sin6_addr, 16);
	return true;
}

void numeric_text(const unsigned char address[16], char to[NUMERIC_SIZE])
{
	if (memcmp(address, mapped, sizeof mapped) == 0)
		inet_ntop(AF_INET, address + sizeof mapped, to, NUMERIC_SIZE);
	else
		inet_ntop(AF_INET6, address, to, NUMERIC_SIZE);
}

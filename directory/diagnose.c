/* SPDX-License-Identifier: ISC */
#include "directory/diagnose.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

/* The StartTLS extended request (RFC 4511 section 4.14.1), message id 1. */
static const char start_request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
				    "1.3.6.1.4.1.1466.20037";
enum { RESPONSE_TAG = 0x78, RESPONSE_MIN = 14 };

static bool begin_tls(int descriptor)
{
	unsigned char reply[512];
	ssize_t length;

	if (send(descriptor, start_request, sizeof(start_request) - 1, MSG_NOSIGNAL) < 0)
		return false;
	length = recv(descriptor, reply, sizeof(reply), 0);
	/* Whatever the lengths' form, an ExtendedResponse to the first message begins like this. */
	return length >= RESPONSE_MIN && reply[0] == 0x30 &&
	       memchr(reply, RESPONSE_TAG, RESPONSE_MIN) != NULL;
}

static void set_patience(int descriptor, int64_t left)
{
	struct timeval patience = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };

	(void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

bool diagnose_look(const struct server *server, uint16_t port, bool start_tls, const char *ca_file,
		   int64_t deadline, struct tls_report *report)
{
	int64_t left = deadline - clock_ms();
	int descriptor;
	bool looked;

	*report = (struct tls_report){ 0 };
	if (left < 100)
		return false;
	descriptor = dial_connect(&server->addresses, port, deadline);
	if (descriptor < 0)
		return false;
	set_patience(descriptor, left < 1000 ? left : 1000);
	looked = !start_tls || begin_tls(descriptor);
	if (looked)
		tls_look(descriptor, server->host, ca_file, report);
	close(descriptor);
	return looked;
}

void diagnose_tls(const struct server *server, uint16_t port, bool start_tls, const char *ca_file,
		  int64_t deadline, char *why, size_t size)
{
	struct tls_report report;

	(void)diagnose_look(server, port, start_tls, ca_file, deadline, &report);
	snprintf(why, size, "%s", report.trouble);
}

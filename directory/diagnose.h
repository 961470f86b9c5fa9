/* SPDX-License-Identifier: ISC */
/*
 * After a failed TLS start: connects again and finds out why, because all that
 * libldap with GnuTLS has to say is "(unknown error code)".
 */
#ifndef DIRECTORY_DIAGNOSE_H
#define DIRECTORY_DIAGNOSE_H

#include "directory/server.h"
#include "io/tls_diagnose.h"

/* *why becomes "" when nothing more can be said. */
void diagnose_tls(const struct server *server, uint16_t port, bool start_tls, const char *ca_file,
		  int64_t deadline, char *why, size_t size);
/* The certificates the server shows. False when it does not get as far as TLS. */
bool diagnose_look(const struct server *server, uint16_t port, bool start_tls, const char *ca_file,
		   int64_t deadline, struct tls_report *report);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Why a TLS server was not believed, in words an administrator can act on. For
 * clients whose library keeps that to itself: the handshake is made once more,
 * only to look. Blocks; nothing is ever sent over this connection.
 */
#ifndef IO_TLS_DIAGNOSE_H
#define IO_TLS_DIAGNOSE_H

#include <stddef.h>
#include <stdint.h>

enum { TLS_REPORT_TEXT = 400, TLS_REPORT_NAME = 100 };

struct tls_report {
	char trouble[TLS_REPORT_TEXT]; /* the handshake, trust, dates, or the name; "" = in order */
	char name[TLS_REPORT_NAME];    /* the server's certificate's own: "CN=dc1.corp.example" */
	char chain[TLS_REPORT_TEXT];   /* "CN=dc1.corp.example < CN=Corp CA"; "" = none was shown */
	char names[TLS_REPORT_TEXT];   /* DNS names and addresses in the server's certificate */
	int64_t until;                 /* unix seconds: when the first of the chain runs out */
};

/*
 * `descriptor` is a connected, blocking socket with time-outs set, on which the
 * server expects a ClientHello; it stays the caller's.
 */
void tls_look(int descriptor, const char *host, const char *ca_file, struct tls_report *report);
#endif

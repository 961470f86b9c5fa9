/* SPDX-License-Identifier: ISC */
/*
 * What RFC 8460 reports on: per day (UTC) and policy domain how many connections had the
 * TLS that their policy asks for, and how the others failed. Written to the log as one
 * line `tls.report` each, when the day or the process ends.
 */
#ifndef RELAY_TLS_REPORTS_H
#define RELAY_TLS_REPORTS_H

#include "relay/tls_policy.h"

struct tls_reports;

struct tls_reports *tls_reports_new(int64_t now); /* unix time */
void tls_reports_free(struct tls_reports *reports);
/* failure: NULL = it went well; else a result type of section 4.3. */
void tls_reports_count(struct tls_reports *reports, const char *domain,
		       const struct tls_policy *policy, const char *failure);
/* The result type for a handshake that failed so. */
const char *tls_reports_type(enum tls_policy_kind kind, const char *why);
/* Writes if the day is over. */
void tls_reports_tick(struct tls_reports *reports, int64_t now);
void tls_reports_write(struct tls_reports *reports);

#endif

/* SPDX-License-Identifier: ISC */
#include "relay/tls_reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"

enum { DOMAINS_MAX = 10000, DAY = 86400 };

/* RFC 8460 section 4.3, as far as a sender can tell them apart. */
static const char *const types[] = {
	"starttls-not-supported", "certificate-host-mismatch", "certificate-not-trusted",
	"certificate-expired",    "validation-failure",        "dnssec-invalid",
	"sts-webpki-invalid",
};
enum { TYPES = sizeof types / sizeof types[0] };

static const char *const kinds[] = {
	[TLS_POLICY_NONE] = "no-policy-found",
	[TLS_POLICY_DANE] = "tlsa",
	[TLS_POLICY_STS] = "sts",
};

struct tally {
	char domain[256], day[12];
	enum tls_policy_kind kind;
	uint64_t good, bad[TYPES];
};

struct tls_reports {
	int64_t day; /* since 1970 */
	char text[12];
	struct table *tallies;
};

/* Whatever makes a tally go, it is written first. */
static void tally_release(void *value)
{
	struct tally *tally = value;
	char failures[TYPES * 48] = "";
	size_t used = 0;
	uint64_t bad = 0;

	for (size_t i = 0; i < TYPES; i++) {
		if (!tally->bad[i])
			continue;
		bad += tally->bad[i];
		used += (size_t)snprintf(failures + used, sizeof failures - used, "%s%s=%llu",
					 used ? "," : "", types[i],
					 (unsigned long long)tally->bad[i]);
	}
	log_info("tls.report", LOG_TEXT("day", tally->day), LOG_TEXT("policy", kinds[tally->kind]),
		 LOG_TEXT("domain", tally->domain), LOG_NUMBER("successful", tally->good),
		 LOG_NUMBER("failed", bad), LOG_TEXT("types", failures));
	free(tally);
}

static void set_day(struct tls_reports *reports, int64_t now)
{
	time_t seconds = (time_t)now;
	struct tm parts;

	reports->day = now / DAY;
	gmtime_r(&seconds, &parts);
	strftime(reports->text, sizeof reports->text, "%Y-%m-%d", &parts);
}

struct tls_reports *tls_reports_new(int64_t now)
{
	struct tls_reports *reports = memory_new(sizeof *reports);

	reports->tallies = table_new(DOMAINS_MAX, tally_release);
	set_day(reports, now);
	return reports;
}

void tls_reports_free(struct tls_reports *reports)
{
	if (reports)
		table_free(reports->tallies);
	free(reports);
}

static struct tally *tally_of(struct tls_reports *reports, const char *domain,
			      enum tls_policy_kind kind)
{
	char key[280];
	struct tally *tally;

	snprintf(key, sizeof key, "%s %s", kinds[kind], domain);
	tally = table_find(reports->tallies, span_text(key), 0);
	if (tally)
		return tally;
	tally = memory_new(sizeof *tally);
	tally->kind = kind;
	memcpy(tally->day, reports->text, sizeof tally->day);
	span_copy(span_text(domain), tally->domain, sizeof tally->domain);
	table_put(reports->tallies, span_text(key), tally, INT64_MAX);
	return tally;
}

void tls_reports_count(struct tls_reports *reports, const char *domain,
		       const struct tls_policy *policy, const char *failure)
{
	struct tally *tally;

	if (policy->tls == SMTP_CLIENT_TLS_NEVER)
		return; /* the administrator wants no TLS there */
	tally = tally_of(reports, domain, policy->kind);
	if (!failure) {
		tally->good++;
		return;
	}
	for (size_t i = 0; i < TYPES; i++)
		if (strcmp(types[i], failure) == 0)
			tally->bad[i]++;
}

const char *tls_reports_type(enum tls_policy_kind kind, const char *why)
{
	static const struct {
		const char *word, *type;
	} words[] = {
		{ "expired", "certificate-expired" },
		{ "not valid yet", "certificate-expired" },
		{ "for other names", "certificate-host-mismatch" },
		{ "signed by nobody", "certificate-not-trusted" },
		{ "self-signed", "certificate-not-trusted" },
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(why, words[i].word))
			return words[i].type;
	return kind == TLS_POLICY_STS && strstr(why, "certificate") ? "sts-webpki-invalid"
								    : "validation-failure";
}

void tls_reports_write(struct tls_reports *reports)
{
	table_clear(reports->tallies);
}

void tls_reports_tick(struct tls_reports *reports, int64_t now)
{
	if (now / DAY == reports->day)
		return;
	tls_reports_write(reports);
	set_day(reports, now);
}

/* SPDX-License-Identifier: ISC */
#include "relay/tls_reports.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static char text[4000];

/* What is logged meanwhile. */
static void written(struct tls_reports *reports, int64_t now)
{
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);
	size_t length;

	assert_non_null(file);
	assert_true(kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	tls_reports_tick(reports, now);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	rewind(file);
	length = fread(text, 1, sizeof text - 1, file);
	text[length] = '\0';
	fclose(file);
}

static void a_line_a_day_and_domain(void **state)
{
	const struct tls_policy sts = { .usable = true,
					.tls = SMTP_CLIENT_TLS_MUST,
					.kind = TLS_POLICY_STS };
	const struct tls_policy never = { .tls = SMTP_CLIENT_TLS_NEVER };
	struct tls_reports *reports = tls_reports_new(86400 * 20000);

	(void)state;
	tls_reports_count(reports, "example.com", &sts, NULL);
	tls_reports_count(reports, "example.com", &sts, NULL);
	tls_reports_count(reports, "example.com", &sts, "certificate-expired");
	tls_reports_count(reports, "off.example", &never, NULL);
	written(reports, 86400 * 20000 + 86399);
	assert_string_equal(text, "");
	written(reports, 86400 * 20001);
	assert_non_null(strstr(text, "tls.report day=2024-10-04 policy=sts domain=example.com "
				     "successful=2 failed=1 types="));
	assert_non_null(strstr(text, "certificate-expired=1"));
	assert_null(strstr(text, "off.example"));
	written(reports, 86400 * 20002);
	assert_string_equal(text, "");
	tls_reports_free(reports);
}

static void types(void **state)
{
	static const struct {
		enum tls_policy_kind kind;
		const char *why, *type;
	} whys[] = {
		{ TLS_POLICY_STS, "TLS: certificate of mx has expired, or one it depends on",
		  "certificate-expired" },
		{ TLS_POLICY_STS, "TLS: certificate of mx is self-signed",
		  "certificate-not-trusted" },
		{ TLS_POLICY_NONE, "TLS: certificate of mx is for other names: a",
		  "certificate-host-mismatch" },
		{ TLS_POLICY_STS, "TLS: certificate of mx is not meant for servers",
		  "sts-webpki-invalid" },
		{ TLS_POLICY_DANE, "TLS: certificate of mx fits none of the 2 TLSA records",
		  "validation-failure" },
		{ TLS_POLICY_STS, "TLS: closed by peer", "validation-failure" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof whys / sizeof whys[0]; i++)
		assert_string_equal(tls_reports_type(whys[i].kind, whys[i].why), whys[i].type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_a_day_and_domain),
		cmocka_unit_test(types),
	};

	log_open("test", LOG_LEVEL_INFO, LOG_FORM_LINE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

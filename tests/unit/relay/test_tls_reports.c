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
	(void)state;
	assert_string_equal(tls_reports_type(TLS_POLICY_STS, "TLS: the certificate has expired"),
			    "certificate-expired");
	assert_string_equal(tls_reports_type(TLS_POLICY_STS, "TLS: closed"), "sts-webpki-invalid");
	assert_string_equal(tls_reports_type(TLS_POLICY_DANE, "TLS: closed"), "validation-failure");
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

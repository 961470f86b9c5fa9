/* SPDX-License-Identifier: ISC */
#include "domain/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void keeps_what_it_is_told(void **state)
{
	struct findings findings = FINDINGS_EMPTY;
	char where[] = "ldap://dc1";

	(void)state;
	finding_add(&findings, FINDING_GOOD, "clock", where, "%d s", 3);
	where[0] = 'x';
	finding_add(&findings, FINDING_ERROR, "kvno", "file", "%s", "stale");
	finding_remedy(&findings, "run %s", "this");
	finding_remedy(&findings, "run %s", "that");
	assert_int_equal(findings.count, 2);
	assert_string_equal(findings.list[0].where, "ldap://dc1");
	assert_string_equal(findings.list[0].text, "3 s");
	assert_null(findings.list[0].remedy);
	assert_string_equal(findings.list[1].remedy, "run that");
	assert_int_equal(findings_of(&findings, FINDING_ERROR), 1);
	assert_int_equal(findings_of(&findings, FINDING_WARNING), 0);
	assert_string_equal(finding_level_name(findings.list[1].level), "error");
	findings_clear(&findings);
	assert_int_equal(findings.count, 0);
	findings_clear(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_what_it_is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

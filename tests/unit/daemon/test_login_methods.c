/* SPDX-License-Identifier: ISC */
#include "daemon/login_methods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "conf/conf.h"

static void offers(void **state)
{
	static const struct {
		struct conf_methods methods;
		const char *plain, *tls,
			*certificate; /* before TLS, inside, and with a certificate */
	} cases[] = {
		{ { .basic = true }, "", "", "" },
		{ { .integrated = true },
		  " GSSAPI GSS-SPNEGO",
		  " GSSAPI GSS-SPNEGO",
		  " GSSAPI GSS-SPNEGO" },
		{ { .integrated = true, .binding = CONF_BINDING_REQUIRE },
		  "",
		  " GSSAPI GSS-SPNEGO",
		  " GSSAPI GSS-SPNEGO" },
		{ { .ntlm = true }, "", " NTLM", " NTLM" },
		{ { .ntlm = true, .ntlm_without_tls = true }, " NTLM", " NTLM", " NTLM" },
		{ { .ntlm = true, .ntlm_without_tls = true, .binding = CONF_BINDING_REQUIRE },
		  "",
		  " NTLM",
		  " NTLM" },
		{ { .certificate = true }, "", "", " EXTERNAL" },
		{ { .integrated = true, .ntlm = true, .certificate = true },
		  " GSSAPI GSS-SPNEGO",
		  " GSSAPI GSS-SPNEGO NTLM",
		  " GSSAPI GSS-SPNEGO NTLM EXTERNAL" },
	};
	static const struct mechanism_session sessions[] = { { false, false },
							     { true, false },
							     { true, true } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *const wanted[] = { cases[i].plain, cases[i].tls, cases[i].certificate };
		struct mechanism list[LOGIN_MECHANISMS];

		login_mechanisms(&cases[i].methods, list);
		for (size_t j = 0; j < 3; j++) {
			struct buffer text = BUFFER_EMPTY;

			mechanism_add_names(&text, list, sessions[j], " ", "");
			if (!span_is(buffer_span(&text), wanted[j]))
				fail_msg("case %zu: %zu", i, j);
			buffer_clear(&text);
		}
	}
}

static void finds_servers(void **state)
{
	struct conf_smtp smtps[] = { { .default_domain = (char[]){ "one.example" } },
				     { .default_domain = (char[]){ "two.example" } } };
	struct conf conf = { .smtps = smtps,
			     .smtps_count = 2,
			     .pop3 = { .enabled = true,
				       .default_domain = (char[]){ "pop.example" } } };
	const char *service, *domain;

	(void)state;
	assert_ptr_equal(login_methods(&conf, 1, &service, &domain), &smtps[1].methods);
	assert_string_equal(service, "smtp");
	assert_string_equal(domain, "two.example");
	assert_ptr_equal(login_methods(&conf, 2, &service, &domain), &conf.pop3.methods);
	assert_string_equal(service, "pop");
	assert_string_equal(domain, "pop.example");
	assert_null(login_methods(&conf, 3, &service, &domain));
	conf.pop3.enabled = false;
	assert_null(login_methods(&conf, 2, &service, &domain));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(offers),
					    cmocka_unit_test(finds_servers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

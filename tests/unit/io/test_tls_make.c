/* SPDX-License-Identifier: ISC */
#include "io/tls_make.h"

#include <gnutls/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/tls.h"

static void makes_what_a_server_takes(void **state)
{
	static const char *const names[] = { "mail.corp.example", "mx.corp.example" };
	struct buffer certificate = BUFFER_EMPTY, key = BUFFER_EMPTY;
	const char *why = NULL;
	char text[200];
	struct tls_server *server;
	gnutls_x509_crt_t parsed;
	gnutls_datum_t pem;

	(void)state;
	assert_true(tls_make_self_signed(names, 2, 365, &certificate, &key, &why));
	server = tls_server_new(buffer_span(&certificate), buffer_span(&key), text, sizeof(text));
	assert_non_null(server);
	tls_server_free(server);
	pem.data = (unsigned char *)buffer_bytes(&certificate);
	pem.size = (unsigned)buffer_used(&certificate);
	assert_int_equal(gnutls_x509_crt_init(&parsed), 0);
	assert_int_equal(gnutls_x509_crt_import(parsed, &pem, GNUTLS_X509_FMT_PEM), 0);
	for (size_t i = 0; i < 2; i++)
		assert_true(gnutls_x509_crt_check_hostname(parsed, names[i]));
	assert_false(gnutls_x509_crt_check_hostname(parsed, "other.corp.example"));
	assert_true(gnutls_x509_crt_get_activation_time(parsed) <= clock_unix());
	assert_true(gnutls_x509_crt_get_expiration_time(parsed) > clock_unix() + 364 * 86400);
	gnutls_x509_crt_deinit(parsed);
	buffer_clear(&certificate);
	buffer_wipe(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(makes_what_a_server_takes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
#include "io/certificate.h"

#include "tests/unit/io/people.h"

#define ISSUER "C=DE,S=Hesse,O=Example,CN=People CA"

static const struct person_wish alice = {
	.name = "CN=Alice Smith,O=Example,ST=Hesse,C=DE",
	.upn = "alice@corp.example",
	.sid = "S-1-5-21-1-2-3-1103",
};

static bool read_pem(const struct people *people, const struct pem *pem,
		     struct certificate *certificate, bool *ours, char why[200])
{
	return certificate_read(span_make(pem->certificate.data, pem->certificate.size),
				people->file, certificate, ours, why, 200);
}

static void reads_names(void **state)
{
	struct people people = people_new();
	struct pem pem = person_new(&people, &alice);
	struct certificate certificate;
	char why[200];
	bool ours;

	(void)state;
	assert_true(read_pem(&people, &pem, &certificate, &ours, why));
	assert_string_equal(certificate.subject, "C=DE,S=Hesse,O=Example,CN=Alice Smith");
	assert_string_equal(certificate.upn, "alice@corp.example");
	assert_string_equal(certificate.sid, "S-1-5-21-1-2-3-1103");
	assert_string_equal(certificate.identities[0], "X509:<I>" ISSUER "<SR>0211");
	assert_string_equal(certificate.identities[1], "X509:<SKI>abcd");
	assert_int_equal(strncmp(certificate.identities[2], "X509:<SHA1-PUKEY>", 17), 0);
	assert_int_equal(strlen(certificate.identities[2]), 17 + 40);
	assert_string_equal(certificate.identities[3],
			    "X509:<I>" ISSUER "<S>C=DE,S=Hesse,O=Example,CN=Alice Smith");
	assert_null(certificate.identities[4]);
	certificate_clear(&certificate);
	pem_free(&pem);
	people_free(&people);
}

static void says_no_more_than_it_has(void **state)
{
	static const struct person_wish plain = { .name = "CN=x" };
	struct people people = people_new();
	struct pem pem = person_new(&people, &plain);
	struct certificate certificate;
	char why[200];
	bool ours;

	(void)state;
	assert_true(read_pem(&people, &pem, &certificate, &ours, why));
	assert_string_equal(certificate.upn, "");
	assert_string_equal(certificate.sid, "");
	certificate_clear(&certificate);
	pem_free(&pem);
	people_free(&people);
}

static void refuses(void **state)
{
	static const struct {
		struct person_wish wish;
		bool stranger; /* vouched for by somebody else */
		const char *why;
	} cases[] = {
		{ { .name = "CN=x", .purpose = GNUTLS_KP_TLS_WWW_SERVER }, false, "purpose" },
		{ { .name = "CN=x", .begins = -7200, .ends = -3600 }, false, "expired" },
		{ { .name = "CN=x", .begins = 3600, .ends = 7200 }, false, "not yet" },
		{ { .name = "CN=x" }, true, "NOT trusted" },
	};
	struct people people = people_new(), others = people_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pem pem = person_new(cases[i].stranger ? &others : &people, &cases[i].wish);
		struct certificate certificate;
		char why[200] = "";
		bool ours;

		if (read_pem(&people, &pem, &certificate, &ours, why) || ours ||
		    !strstr(why, cases[i].why))
			fail_msg("case %zu: %s", i, why);
		certificate_clear(&certificate);
		pem_free(&pem);
	}
	people_free(&people);
	people_free(&others);
}

static void tells_whose_trouble_it_is(void **state)
{
	struct people people = people_new();
	struct pem pem = person_new(&people, &alice);
	struct certificate certificate;
	char why[200] = "", file[64];
	bool ours = true;

	(void)state;
	assert_false(certificate_read(span_text("rubbish"), people.file, &certificate, &ours, why,
				      sizeof(why)));
	assert_false(ours);
	memcpy(file, people.file, sizeof(file));
	memcpy(people.file, "/nonexistent", 13);
	assert_false(read_pem(&people, &pem, &certificate, &ours, why));
	assert_true(ours);
	assert_non_null(strstr(why, "client_ca /nonexistent"));
	memcpy(people.file, file, sizeof(file));
	pem_free(&pem);
	people_free(&people);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_names),
		cmocka_unit_test(says_no_more_than_it_has),
		cmocka_unit_test(refuses),
		cmocka_unit_test(tells_whose_trouble_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
#include "auth/auth.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/auth/scene.h"

static const struct fake_entry alice = {
	"CN=alice,DC=x",
	{ "objectGUID", "A", "objectClass", "user", "mail", "alice@corp.example", "sAMAccountName",
	  "alice" },
};
static const struct fake_entry twins[] = {
	{ "CN=one,DC=x", { "objectGUID", "1", "mail", "t@corp.example" } },
	{ "CN=two,DC=x", { "objectGUID", "2", "mail", "t@corp.example" } },
};
static const struct fake_entry disabled = {
	"CN=c,DC=x",
	{ "objectGUID", "C", "objectClass", "user", "userAccountControl", "514" },
};
static const struct fake_entry no_address = {
	"CN=n,DC=x",
	{ "objectGUID", "N", "objectClass", "user", "sAMAccountName", "n" },
};

static enum auth_verdict login(const struct scene *scene, const char *user, const char *password,
			       struct auth_answer *answer)
{
	struct auth_ask ask = { .service = "pop", .user = user, .password = password, .authzid = "",
				.default_domain = "", .client = "192.0.2.1", .session = "s" };

	auth_login(scene->auth, &ask, answer);
	assert_null(strstr(answer->cause, password[0] ? password : "\n"));
	return answer->verdict;
}

static void judges_results(void **state)
{
	static const struct {
		int result;
		const char *text;
		enum auth_verdict verdict;
	} cases[] = {
		{ LDAP_SUCCESS, "", AUTH_OK },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "525, v4563", AUTH_REJECTED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "52e, v4563", AUTH_REJECTED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "530, v4563", AUTH_REJECTED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "531, v4563", AUTH_REJECTED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "533, v4563", AUTH_REJECTED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "701, v4563", AUTH_REJECTED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "775, v4563", AUTH_REJECTED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "532, v4563", AUTH_EXPIRED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "773, v4563", AUTH_EXPIRED },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "80090346, v4563", AUTH_TEMPORARY },
		{ LDAP_INVALID_CREDENTIALS, "", AUTH_REJECTED },
		{ LDAP_STRONG_AUTH_REQUIRED, "", AUTH_TEMPORARY },
		{ LDAP_BUSY, "", AUTH_TEMPORARY },
		{ LDAP_UNAVAILABLE, "", AUTH_TEMPORARY },
		{ LDAP_UNWILLING_TO_PERFORM, "", AUTH_TEMPORARY },
		{ LDAP_OTHER, "", AUTH_TEMPORARY },
	};
	struct scene scene = open_scene("", &alice);
	struct auth_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char password[32];

		snprintf(password, sizeof(password), "Pw-%zu-", i);
		scene.fake->bind_text = cases[i].text;
		atomic_store(&scene.fake->bind_result, cases[i].result);
		assert_int_equal(login(&scene, "alice", password, &answer), cases[i].verdict);
	}
	atomic_store(&scene.fake->bind_result, LDAP_SUCCESS);
	assert_int_equal(login(&scene, "CORP\\alice", "Alice-Pw1", &answer), AUTH_OK);
	assert_string_equal(answer.who, "alice@corp.example");
	assert_string_equal(answer.mailbox.id, "41");
	close_scene(&scene);
}

static void refuses_before_asking(void **state)
{
	struct scene scene = open_scene("", &alice);
	struct auth_answer answer;
	char big[2000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(login(&scene, "alice", "", &answer), AUTH_REJECTED);
	assert_int_equal(login(&scene, "alice", big, &answer), AUTH_REJECTED);
	assert_int_equal(login(&scene, "", "x-y", &answer), AUTH_REJECTED);
	assert_int_equal(login(&scene, big, "x-y", &answer), AUTH_REJECTED);
	assert_int_equal(login(&scene, "OTHER\\alice", "x-y", &answer), AUTH_REJECTED);
	assert_int_equal(atomic_load(&scene.fake->searches), 0);
	assert_int_equal(atomic_load(&scene.fake->binds), 0);
	close_scene(&scene);
}

static void refuses_without_a_bind(void **state)
{
	struct scene scene = open_scene("", NULL);
	struct auth_answer answer;

	(void)state;
	assert_int_equal(login(&scene, "nobody", "Pw-1", &answer), AUTH_REJECTED);
	scene.fake->entries = twins;
	atomic_store(&scene.fake->entries_count, 2);
	assert_int_equal(login(&scene, "t", "Pw-1", &answer), AUTH_REJECTED);
	assert_non_null(strstr(answer.cause, "CN=one,DC=x"));
	assert_non_null(strstr(answer.cause, "CN=two,DC=x"));
	atomic_store(&scene.fake->entries_count, 1);
	scene.fake->entries = &disabled;
	assert_int_equal(login(&scene, "c", "Pw-1", &answer), AUTH_REJECTED);
	assert_string_equal(answer.cause, "account disabled");
	assert_int_equal(atomic_load(&scene.fake->binds), 0);
	close_scene(&scene);
}

/* AD counts wrong passwords: one that may have arrived is never sent again. */
static void never_replays_a_password(void **state)
{
	struct scene scene = open_scene(FAKE_TIMEOUT, &alice);
	struct auth_answer answer;
	int64_t start;

	(void)state;
	atomic_store(&scene.fake->bind_way, FAKE_CLOSE);
	assert_int_equal(login(&scene, "alice", "Pw-1", &answer), AUTH_TEMPORARY);
	assert_int_equal(atomic_load(&scene.fake->binds), 1);
	atomic_store(&scene.fake->bind_way, FAKE_SILENT);
	start = clock_ms();
	assert_int_equal(login(&scene, "alice", "Pw-2", &answer), AUTH_TEMPORARY);
	assert_int_equal(atomic_load(&scene.fake->binds), 2);
	assert_true(clock_ms() - start >= FAKE_TIMEOUT_MS - 100);
	close_scene(&scene);
}

static void replaces_a_connection_found_dead(void **state)
{
	struct scene scene = open_scene("", &alice);
	struct auth_answer answer;
	unsigned before, gone;

	(void)state;
	assert_int_equal(login(&scene, "alice", "Pw-1", &answer), AUTH_OK);
	before = atomic_load(&scene.fake->connections);
	assert_int_equal(login(&scene, "alice", "Pw-2", &answer), AUTH_OK);
	/* The same connection again; the lookups' second link may have come meanwhile. */
	assert_true(atomic_load(&scene.fake->connections) <= before + 1);
	atomic_store(&scene.fake->close_after_bind, true);
	gone = atomic_load(&scene.fake->gone);
	assert_int_equal(login(&scene, "alice", "Pw-3", &answer), AUTH_OK);
	while (atomic_load(&scene.fake->gone) == gone)
		usleep(1000);
	assert_int_equal(login(&scene, "alice", "Pw-4", &answer), AUTH_OK);
	assert_int_equal(atomic_load(&scene.fake->binds), 4);
	close_scene(&scene);
}

static void asks_once_about_a_wrong_password(void **state)
{
	struct scene scene = open_scene("", &alice);
	struct auth_answer answer;

	(void)state;
	atomic_store(&scene.fake->bind_result, LDAP_INVALID_CREDENTIALS);
	scene.fake->bind_text = TEXT_49 "52e, v1";
	for (int i = 0; i < 5; i++)
		assert_int_equal(login(&scene, "alice", "Wrong-1", &answer), AUTH_REJECTED);
	assert_int_equal(atomic_load(&scene.fake->binds), 1);
	atomic_store(&scene.fake->bind_result, LDAP_SUCCESS);
	assert_int_equal(login(&scene, "alice", "Right-1", &answer), AUTH_OK);
	assert_int_equal(login(&scene, "alice", "Right-1", &answer), AUTH_OK);
	assert_int_equal(atomic_load(&scene.fake->binds), 3);
	close_scene(&scene);
}

static void remembers_right_ones_if_told(void **state)
{
	struct scene scene = open_scene("cache_password = 60", &alice);
	struct auth_answer answer;

	(void)state;
	assert_int_equal(login(&scene, "alice", "Right-1", &answer), AUTH_OK);
	assert_int_equal(login(&scene, "alice", "Right-1", &answer), AUTH_OK);
	assert_int_equal(atomic_load(&scene.fake->binds), 1);
	/* The state of the account is asked for all the same. */
	scene.fake->entries = &disabled;
	assert_int_equal(login(&scene, "alice", "Right-1", &answer), AUTH_REJECTED);
	close_scene(&scene);
}

static void an_outage_is_temporary(void **state)
{
	struct scene scene = open_scene("timeout = 1", &alice);
	struct auth_answer answer;

	(void)state;
	atomic_store(&scene.fake->search_result, LDAP_OTHER);
	assert_int_equal(login(&scene, "alice", "Pw-1", &answer), AUTH_TEMPORARY);
	atomic_store(&scene.fake->search_way, FAKE_SILENT);
	assert_int_equal(login(&scene, "alice", "Pw-1", &answer), AUTH_TEMPORARY);
	assert_int_equal(atomic_load(&scene.fake->binds), 0);
	close_scene(&scene);
}

static void a_person_without_address_has_no_mailbox(void **state)
{
	struct scene scene = open_scene("", &no_address);
	struct auth_answer answer;

	(void)state;
	assert_int_equal(login(&scene, "n", "Pw-1", &answer), AUTH_NO_MAILBOX);
	assert_string_equal(answer.who, "n");
	assert_string_equal(answer.mailbox.id, "");
	close_scene(&scene);
}

/* Only a gateway that `proxies` names, by what its entry says, and only in POP3. */
static void acts_for_others_when_named(void **state)
{
	static const struct {
		const char *service, *proxy, *by;
	} cases[] = {
		{ "pop", "ALICE", "alice@corp.example" },
		{ "pop", "alice@CORP.example", "alice@corp.example" },
		{ "pop", "bob", "" }, /* the identity to act as is not who acts */
		{ "pop", "CORP\\alice", "" },
		{ "smtp", "alice", "" },
	};
	struct scene scene = open_scene("", &alice);
	struct auth_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *proxies[] = { (char *)(uintptr_t)cases[i].proxy };
		struct auth_ask ask = { .service = cases[i].service, .user = "alice",
					.password = "Alice-Pw1", .authzid = "bob",
					.default_domain = "", .client = "192.0.2.1", .session = "s" };

		scene.conf->pop3.proxies = proxies;
		scene.conf->pop3.proxies_count = 1;
		auth_login(scene.auth, &ask, &answer);
		/* Whatever is looked for here is alice. */
		assert_int_equal(answer.verdict, AUTH_OK);
		assert_string_equal(answer.who, "alice@corp.example");
		assert_string_equal(answer.by, cases[i].by);
	}
	scene.conf->pop3.proxies = NULL;
	scene.conf->pop3.proxies_count = 0;
	close_scene(&scene);
}

static void says_where_the_mailbox_is(void **state)
{
	static const struct {
		const char *value, *host;
		enum auth_verdict verdict;
	} cases[] = {
		{ "two.corp.example", "two.corp.example", AUTH_OK },
		{ "two.corp.example:2525", "two.corp.example", AUTH_OK },
		{ "[192.0.2.7]", "192.0.2.7", AUTH_OK },
		{ "lmtp:[::1]:24", "::1", AUTH_OK },
		{ "mail.corp.example", "", AUTH_OK },
		{ "no host", "", AUTH_TEMPORARY },
	};
	struct scene scene = open_scene("attribute_host = \"mailHost\"", NULL);
	struct auth_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_entry entry = { "CN=alice,DC=x",
					    { "objectGUID", "A", "objectClass", "user", "mail",
					      "alice@corp.example", "mailHost", cases[i].value } };

		show(&scene, &entry);
		assert_int_equal(login(&scene, "alice", "Alice-Pw1", &answer), cases[i].verdict);
		assert_string_equal(answer.host, cases[i].host);
		show(&scene, NULL);
	}
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_results),
		cmocka_unit_test(refuses_before_asking),
		cmocka_unit_test(refuses_without_a_bind),
		cmocka_unit_test(never_replays_a_password),
		cmocka_unit_test(replaces_a_connection_found_dead),
		cmocka_unit_test(asks_once_about_a_wrong_password),
		cmocka_unit_test(remembers_right_ones_if_told),
		cmocka_unit_test(an_outage_is_temporary),
		cmocka_unit_test(a_person_without_address_has_no_mailbox),
		cmocka_unit_test(acts_for_others_when_named),
		cmocka_unit_test(says_where_the_mailbox_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

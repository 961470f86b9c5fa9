/* SPDX-License-Identifier: ISC */
/* What auth does against guessing, for open sessions, and tells of a login; beside a server that
 * says what we want. */
#include "auth/explain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "auth/throttle.h"
#include "base/clock.h"
#include "tests/unit/auth/scene.h"

static const struct fake_entry alice = {
	"CN=alice,DC=x",
	{ "objectGUID", "A", "objectClass", "user", "mail", "alice@corp.example", "sAMAccountName",
	  "alice", "userAccountControl", "512", "pwdLastSet", "133900000000000000" },
};
static const struct fake_entry disabled = {
	"CN=alice,DC=x",
	{ "objectGUID", "A", "objectClass", "user", "sAMAccountName", "alice", "userAccountControl",
	  "514", "pwdLastSet", "133900000000000000" },
};
static const struct fake_entry changed = {
	"CN=alice,DC=x",
	{ "objectGUID", "A", "objectClass", "user", "userAccountControl", "512", "pwdLastSet",
	  "133900000000000001" },
};

static struct auth_answer login(const struct scene *scene, const char *user, const char *password,
				const char *client)
{
	struct auth_ask ask = { .service = "pop",
				.user = user,
				.password = password,
				.authzid = "",
				.default_domain = "",
				.client = client,
				.session = "s" };
	struct auth_answer answer;

	auth_login(scene->auth, &ask, &answer);
	return answer;
}

/* An account that is not there or may not log in is put off like one whose password is guessed. */
static void pretends(void **state)
{
	static const struct fake_entry *const entries[] = { NULL, &disabled };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct scene scene = open_scene("", entries[i]);
		struct auth_answer answer;

		for (int j = 0; j < 3; j++) {
			answer = login(&scene, "alice", "the same", "192.0.2.1");
			assert_int_equal(answer.verdict, AUTH_REJECTED);
			assert_true(answer.hold > 0);
		}
		for (int j = 0; j < 60; j++) {
			char guess[20];

			snprintf(guess, sizeof(guess), "guess %d", j);
			answer = login(&scene, "alice", guess, "192.0.2.1");
			assert_int_equal(answer.verdict, j < 59 ? AUTH_REJECTED : AUTH_TEMPORARY);
			assert_true(answer.hold > 0);
		}
		assert_int_equal(login(&scene, "alice", "the same", "192.0.2.1").verdict,
				 AUTH_REJECTED);
		assert_int_equal(atomic_load(&scene.fake->binds), 0);
		close_scene(&scene);
	}
}

static void holds_refusals_alone(void **state)
{
	static const struct {
		int result;
		const char *text;
		enum auth_verdict verdict;
		bool held;
	} cases[] = {
		{ LDAP_SUCCESS, "", AUTH_OK, false },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "52e, v1", AUTH_REJECTED, true },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "775, v1", AUTH_REJECTED, true },
		{ LDAP_INVALID_CREDENTIALS, TEXT_49 "773, v1", AUTH_EXPIRED, false },
		{ LDAP_BUSY, "", AUTH_TEMPORARY, false },
	};
	struct scene scene = open_scene("", &alice);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char password[20];
		struct auth_answer answer;

		snprintf(password, sizeof(password), "Pw-%zu", i);
		scene.fake->bind_text = cases[i].text;
		atomic_store(&scene.fake->bind_result, cases[i].result);
		answer = login(&scene, "alice", password, "192.0.2.1");
		assert_int_equal(answer.verdict, cases[i].verdict);
		assert_int_equal(answer.hold > 0, cases[i].held);
		assert_true(answer.hold < AUTH_PATIENCE_MS);
	}
	close_scene(&scene);
}

static void puts_sprayers_off(void **state)
{
	struct scene scene = open_scene("", &alice);
	struct auth_answer answer;

	(void)state;
	assert_int_equal(login(&scene, "alice", "Right-1", "192.0.2.9").verdict, AUTH_OK);
	show(&scene, NULL);
	for (int i = 0; i < 300; i++) {
		char name[20];

		snprintf(name, sizeof(name), "name%d", i);
		answer = login(&scene, name, "Spring-1", "192.0.2.9");
	}
	assert_int_equal(answer.verdict, AUTH_TEMPORARY);
	assert_int_equal(answer.hold / 1000,
			 THROTTLE_WAIT_MS / 1000 - (answer.hold < THROTTLE_WAIT_MS));
	assert_int_equal(login(&scene, "name1", "Spring-2", "192.0.2.8").verdict, AUTH_REJECTED);
	/* Who is known there, and everybody elsewhere, comes in at once. */
	show(&scene, &alice);
	answer = login(&scene, "alice", "Right-1", "192.0.2.9");
	assert_int_equal(answer.verdict, AUTH_OK);
	assert_int_equal(answer.hold, 0);
	close_scene(&scene);
}

/* A state that no password changes makes us forget what was right. */
static void forgets_with_the_state(void **state)
{
	struct scene scene = open_scene("cache_password = 60", &alice);

	(void)state;
	assert_int_equal(login(&scene, "alice", "Right-1", "x").verdict, AUTH_OK);
	assert_int_equal(login(&scene, "alice", "Right-1", "x").verdict, AUTH_OK);
	assert_int_equal(atomic_load(&scene.fake->binds), 1);
	show(&scene, &disabled);
	assert_int_equal(login(&scene, "alice", "Right-1", "x").verdict, AUTH_REJECTED);
	show(&scene, &alice);
	assert_int_equal(login(&scene, "alice", "Right-1", "x").verdict, AUTH_OK);
	assert_int_equal(atomic_load(&scene.fake->binds), 2);
	close_scene(&scene);
}

static enum standing_state recheck(struct scene *scene, const struct standing *standing)
{
	enum standing_state state;

	auth_recheck(scene->auth, standing, 1, &state);
	return state;
}

static void rechecks_sessions(void **state)
{
	static const struct {
		const struct fake_entry *entry;
		int result;
		enum standing_state state;
	} cases[] = {
		{ &alice, LDAP_SUCCESS, STANDING_GOOD },
		{ &disabled, LDAP_SUCCESS, STANDING_ENDED },
		{ &changed, LDAP_SUCCESS, STANDING_ENDED },
		{ NULL, LDAP_SUCCESS, STANDING_ENDED },
		{ NULL, LDAP_SIZELIMIT_EXCEEDED, STANDING_UNKNOWN },
		{ &alice, LDAP_SUCCESS, STANDING_GOOD },
		{ NULL, LDAP_BUSY, STANDING_UNKNOWN },
	};
	struct scene scene = open_scene(FAKE_NO_CACHE, &alice);
	struct standing standing, nowhere;

	(void)state;
	standing = login(&scene, "alice", "Right-1", "x").standing;
	assert_string_equal(standing.id, "41");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		show(&scene, cases[i].entry);
		atomic_store(&scene.fake->search_result, cases[i].result);
		assert_int_equal(recheck(&scene, &standing), cases[i].state);
	}
	nowhere = standing;
	nowhere.directory = 7;
	assert_int_equal(recheck(&scene, &nowhere), STANDING_UNKNOWN);
	close_scene(&scene);
}

/* Many sessions of one account cost one search, and those that ask soon after none. */
static void rechecks_each_account_once(void **state)
{
	struct scene scene = open_scene("cache_positive = 60", &alice);
	struct standing standings[STANDING_BATCH_MAX];
	enum standing_state states[STANDING_BATCH_MAX];
	unsigned before;

	(void)state;
	standings[0] = login(&scene, "alice", "Right-1", "x").standing;
	for (size_t i = 1; i < STANDING_BATCH_MAX; i++)
		standings[i] = standings[0];
	snprintf(standings[5].id, sizeof(standings[5].id), "42");
	before = atomic_load(&scene.fake->searches);
	auth_recheck(scene.auth, standings, STANDING_BATCH_MAX, states);
	assert_int_equal(atomic_load(&scene.fake->searches), before + 1);
	for (size_t i = 0; i < STANDING_BATCH_MAX; i++)
		assert_int_equal(states[i], i == 5 ? STANDING_ENDED : STANDING_GOOD);
	auth_recheck(scene.auth, standings, STANDING_BATCH_MAX, states);
	assert_int_equal(atomic_load(&scene.fake->searches), before + 1);
	assert_int_equal(states[5], STANDING_ENDED);
	close_scene(&scene);
}

struct told {
	char text[8000];
};

static void note(void *context, const char *key, const char *value)
{
	struct told *told = context;
	size_t used = strlen(told->text);

	snprintf(told->text + used, sizeof(told->text) - used, "%s=%s;", key, value);
}

static void explains(void **state)
{
	static const struct {
		const struct fake_entry *entry;
		const char *name;
		enum auth_verdict verdict;
		const char *parts[6];
	} cases[] = {
		{ &alice,
		  "alice",
		  AUTH_OK,
		  { "found=one entry;", "(sAMAccountName=alice)",
		    "userAccountControl=0x200 (normal account);", "state=good;",
		    "mailbox=alice@corp.example;", "back-off=none;" } },
		{ &disabled,
		  "CORP\\alice",
		  AUTH_REJECTED,
		  { "state=account disabled;", "cause=account disabled;" } },
		{ NULL, "alice", AUTH_REJECTED, { "found=nobody;" } },
		{ NULL, "", AUTH_REJECTED, { "found=nobody;", "cause=no user name" } },
	};
	struct scene scene = open_scene("", NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told told = { "" };

		show(&scene, cases[i].entry);
		assert_int_equal(auth_explain(scene.auth, cases[i].name, note, &told),
				 cases[i].verdict);
		for (size_t j = 0; j < 6 && cases[i].parts[j]; j++)
			if (!strstr(told.text, cases[i].parts[j]))
				fail_msg("%s is not in %s", cases[i].parts[j], told.text);
	}
	assert_int_equal(atomic_load(&scene.fake->binds), 0);
	close_scene(&scene);
}

static void explains_what_was_counted(void **state)
{
	struct scene scene = open_scene("", &alice);
	struct told told = { "" };

	(void)state;
	atomic_store(&scene.fake->bind_result, LDAP_INVALID_CREDENTIALS);
	scene.fake->bind_text = TEXT_49 "52e, v1";
	(void)login(&scene, "alice", "one", "192.0.2.1");
	(void)login(&scene, "alice", "two", "192.0.2.1");
	(void)auth_explain(scene.auth, "alice", note, &told);
	if (!strstr(told.text, "wrong passwords=2 through this gateway"))
		fail_msg("%s", told.text);
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pretends),          cmocka_unit_test(holds_refusals_alone),
		cmocka_unit_test(puts_sprayers_off), cmocka_unit_test(forgets_with_the_state),
		cmocka_unit_test(rechecks_sessions), cmocka_unit_test(rechecks_each_account_once),
		cmocka_unit_test(explains),          cmocka_unit_test(explains_what_was_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

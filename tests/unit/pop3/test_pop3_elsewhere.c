/* SPDX-License-Identifier: ISC */
/* Sessions that go on at another server, and those that another has sent on. */
#include "tests/unit/pop3/dialogue.h"

#define STAYS "+OK This session stays here\r\n"
#define WHAT  "-ERR Unknown command\r\n"

/* clang-format off */
static const struct dialogue dialogues[] = {
	{ "offered before the login alone", PROXIES | PLAIN, "CAPA\r\nUSER alice\r\nPASS Alice-Pw1\r\nCAPA\r\nXPROXIED\r\n",
	  CAPA_HEAD "USER\r\nSASL PLAIN LOGIN\r\nSTLS\r\nXPROXIED\r\n" CAPA_TAIL
	  "+OK Password please\r\n+OK Maildrop has 4 messages (177 octets)\r\n" CAPA_HEAD CAPA_TAIL
	  "-ERR Already logged in\r\n", "login USER |alice|Alice-Pw1;" },
	{ "said", PROXIES, "xproxied\r\nXPROXIED\r\nXPROXIED now\r\n", STAYS STAYS "-ERR No argument is taken\r\n", NULL },
	{ "not known where nothing goes on", 0, "XPROXIED\r\n", WHAT, NULL },
};
/* clang-format on */

static void test_dialogues(void **state)
{
	(void)state;
	play_all(dialogues, sizeof dialogues / sizeof dialogues[0]);
}

static void say(struct scene *scene, const char *text)
{
	scene_feed(scene, text, strlen(text));
}

/* What was said in plain text is as good as not said. */
static void test_forgotten_with_tls(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, texts);
	scene.profile.proxies = true;
	assert_false(pop3_server_proxied(scene.server));
	say(&scene, "XPROXIED\r\n");
	assert_true(pop3_server_proxied(scene.server));
	say(&scene, "STLS\r\n");
	assert_false(pop3_server_proxied(scene.server));
	say(&scene, "XPROXIED\r\nNOOP\r\n");
	assert_true(pop3_server_proxied(scene.server));
	scene_clear(&scene);
}

/* Behind the other server's word the engine takes nothing and says nothing, whatever happens. */
static void test_goes_on_elsewhere(void **state)
{
	static const char *const logins[] = { "USER alice\r\nPASS Alice-Pw1\r\nSTAT\r\n",
					      "AUTH GSSAPI b2s=\r\nSTAT\r\n" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct scene scene;
		char *said;

		scene_init(&scene, texts);
		scene.profile.mechanisms = scene_mechanisms;
		scene.profile.basic_without_tls = true;
		scene.delayed = true;
		assert_int_equal(pop3_server_feed(scene.server, logins[i], strlen(logins[i])),
				 strlen(logins[i]) - 6);
		assert_non_null(scene.answer);
		buffer_clear(&scene.output);
		pop3_server_elsewhere(scene.server, "3 messages");
		pop3_server_opened(scene.server, &scene.maildrop);
		pop3_server_refused(scene.server, POP3_CODE_AUTH, NULL);
		pop3_server_timeout(scene.server);
		pop3_server_expel(scene.server);
		pop3_server_drained(scene.server);
		said = scene_text(&scene.output);
		assert_string_equal(said, "+OK 3 messages\r\n");
		assert_false(scene.closed);
		free(said);
		scene_clear(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_forgotten_with_tls),
		cmocka_unit_test(test_goes_on_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Answers may be an hour old, and what changes is seen; what was known is still known in an outage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "directory/directories.h"
#include "directory/directory.h"
#include "mail/address.h"
#include "tests/unit/directory/fake_ldap.h"

#define KEYS "cache_positive = 1h cache_negative = 1h poll_changes = 1s timeout = 2"

struct scene {
	struct fake_ldap *fake;
	struct conf *conf;
	struct directories *directories;
	struct directory *directory;
	atomic_int stamp;    /* highestCommittedUSN, contextCSN */
	atomic_int bob_from; /* uSNChanged of bob's entry */
	atomic_bool bob;     /* bob is there */
	atomic_bool refuses; /* to say what has changed */
	atomic_bool away;    /* every search is answered with "busy" */
	atomic_uint looks;   /* of what has changed */
	atomic_uint asked;   /* searches for recipients */
};

static void finish(struct fake_ldap *fake, const struct fake_question *question, int result)
{
	if (question->page)
		fake_page_end(fake, question, result, NULL);
	else
		fake_result(fake, question->peer, question->id, LDAP_RES_SEARCH_RESULT, result, "");
}

static bool has(const struct fake_question *question, const char *text)
{
	return memmem(question->filter.bv_val, question->filter.bv_len, text, strlen(text));
}

static void send_stamp(struct scene *scene, const struct fake_question *question, const char *name)
{
	char text[16];
	struct fake_entry entry = { .dn = question->base, .pairs = { name, text } };

	atomic_fetch_add(&scene->looks, 1);
	snprintf(text, sizeof(text), "%d", atomic_load(&scene->stamp));
	fake_entry_send(scene->fake, question->peer, question->id, &entry);
	finish(scene->fake, question, LDAP_SUCCESS);
}

static void send_person(struct scene *scene, const struct fake_question *question, const char *name)
{
	char dn[64], mail[64];
	struct fake_entry entry = { .dn = dn,
				    .pairs = { "objectGUID", name, "entryUUID", name, "objectClass",
					       "user", "mail", mail } };

	snprintf(dn, sizeof(dn), "CN=%s,DC=x", name);
	snprintf(mail, sizeof(mail), "%s@corp.example", name);
	fake_entry_send(scene->fake, question->peer, question->id, &entry);
}

static void send_changes(struct scene *scene, const struct fake_question *question)
{
	int since = atomic_load(&scene->bob_from);

	for (int number = since; number < since + 10; number++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", number - 9);
		if (has(question, text) && since) {
			send_person(scene, question, "bb");
			break;
		}
	}
	finish(scene->fake, question,
	       atomic_load(&scene->refuses) ? LDAP_UNWILLING_TO_PERFORM : LDAP_SUCCESS);
}

static bool answer(struct fake_ldap *fake, const struct fake_question *question)
{
	struct scene *scene = fake->context;

	if (strstr(question->attributes, "highestCommittedUSN")) {
		send_stamp(scene, question, "highestCommittedUSN");
	} else if (strstr(question->attributes, "contextCSN")) {
		send_stamp(scene, question, "contextCSN");
	} else if (has(question, "uSNChanged")) {
		send_changes(scene, question);
	} else if (!question->base[0]) {
		finish(fake, question, LDAP_SUCCESS);
	} else if (atomic_load(&scene->away)) {
		finish(fake, question, LDAP_BUSY);
	} else {
		atomic_fetch_add(&scene->asked, 1);
		if (has(question, "aa@corp.example"))
			send_person(scene, question, "aa");
		if (has(question, "bb@corp.example") && atomic_load(&scene->bob))
			send_person(scene, question, "bb");
		finish(fake, question, LDAP_SUCCESS);
	}
	return true;
}

static void open_scene(struct scene *scene, const char *preset, const char *more)
{
	char why[300];

	memset(scene, 0, sizeof(*scene));
	scene->fake = fake_new();
	scene->fake->script = answer;
	scene->fake->context = scene;
	atomic_store(&scene->stamp, 100);
	scene->conf = fake_conf(scene->fake, preset, more);
	scene->directories = directories_open(scene->conf, why, sizeof(why));
	assert_non_null(scene->directories);
	directories_start(scene->directories);
	scene->directory = directories_find(scene->directories, scene->conf->directories);
}

static void close_scene(struct scene *scene)
{
	directories_close(scene->directories);
	conf_free(scene->conf);
	fake_free(scene->fake);
}

static enum directory_found find(struct scene *scene, const char *text, bool *stale)
{
	struct directory_hit hit;
	struct address address;
	const char *why;

	assert_true(address_parse(span_text(text), &address, &why));
	directory_find_recipient(scene->directory, &address, &hit);
	*stale = hit.stale;
	directory_hit_clear(&hit);
	return hit.found;
}

/* Until it is so; the test's own patience ends by the runner's. */
static void expect(struct scene *scene, const char *text, enum directory_found found, bool stale)
{
	bool is_stale;

	while (find(scene, text, &is_stale) != found || is_stale != stale)
		usleep(10000);
}

/* The first look makes everything be asked for again: until the second nothing is proved. */
static void settle(struct scene *scene)
{
	while (atomic_load(&scene->looks) < 2)
		usleep(10000);
}

static void an_entry_that_changed_is_asked_for_again(void **state)
{
	struct scene scene;
	unsigned before;
	bool stale;

	(void)state;
	open_scene(&scene, "ad", KEYS);
	expect(&scene, "aa@corp.example", DIRECTORY_ONE, false);
	settle(&scene);
	assert_int_equal(find(&scene, "bb@corp.example", &stale), DIRECTORY_NOBODY);
	before = atomic_load(&scene.asked);
	atomic_store(&scene.bob, true);
	assert_int_equal(find(&scene, "bb@corp.example", &stale), DIRECTORY_NOBODY);
	atomic_store(&scene.bob_from, 110);
	atomic_store(&scene.stamp, 110);
	expect(&scene, "bb@corp.example", DIRECTORY_ONE, false);
	assert_int_equal(atomic_load(&scene.asked), before + 1);
	/* Nothing is said of what has changed: all may have. */
	atomic_store(&scene.refuses, true);
	atomic_store(&scene.bob, false);
	atomic_store(&scene.stamp, 120);
	expect(&scene, "bb@corp.example", DIRECTORY_NOBODY, false);
	atomic_store(&scene.refuses, false);
	atomic_store(&scene.bob, true);
	atomic_store(&scene.stamp, 90);
	expect(&scene, "bb@corp.example", DIRECTORY_ONE, false);
	close_scene(&scene);
}

static void elsewhere_all_is_asked_for_again(void **state)
{
	struct scene scene;
	bool stale;

	(void)state;
	open_scene(&scene, "inetorgperson", KEYS);
	expect(&scene, "aa@corp.example", DIRECTORY_ONE, false);
	settle(&scene);
	assert_int_equal(find(&scene, "bb@corp.example", &stale), DIRECTORY_NOBODY);
	atomic_store(&scene.bob, true);
	assert_int_equal(find(&scene, "bb@corp.example", &stale), DIRECTORY_NOBODY);
	atomic_store(&scene.stamp, 101);
	expect(&scene, "bb@corp.example", DIRECTORY_ONE, false);
	close_scene(&scene);
}

static void an_outage_makes_nobody_unknown(void **state)
{
	struct scene scene;
	bool stale;

	(void)state;
	open_scene(&scene, "ad",
		   "cache_positive = 0 cache_negative = 1h poll_changes = 0 timeout = 2");
	expect(&scene, "aa@corp.example", DIRECTORY_ONE, false);
	expect(&scene, "bb@corp.example", DIRECTORY_NOBODY, false);
	atomic_store(&scene.away, true);
	expect(&scene, "aa@corp.example", DIRECTORY_ONE, true);
	/* Known not to be there for an hour: it is not said while nobody can be asked. */
	expect(&scene, "bb@corp.example", DIRECTORY_FAILED, false);
	assert_int_equal(find(&scene, "cc@corp.example", &stale), DIRECTORY_FAILED);
	atomic_store(&scene.away, false);
	expect(&scene, "aa@corp.example", DIRECTORY_ONE, false);
	expect(&scene, "cc@corp.example", DIRECTORY_NOBODY, false);
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_that_changed_is_asked_for_again),
		cmocka_unit_test(elsewhere_all_is_asked_for_again),
		cmocka_unit_test(an_outage_makes_nobody_unknown),
	};

	log_open("test", LOG_LEVEL_ERROR, LOG_FORM_LINE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Groups of a directory that gives them in parts and pages, and breaks at a bad moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "directory/directories.h"
#include "directory/directory.h"
#include "mail/address.h"
#include "tests/unit/directory/fake_ldap.h"

#define GROUP "CN=g,DC=x"
enum { MEMBERS = 130, PART = 15, DISABLED = 3, GONE = 5 };

/* How the server answers. */
struct way {
	int broken_part; /* the part that begins here ... */
	int broken_how;  /* ... 1 begins elsewhere, 2 is empty, 3 is refused, 4 is the one before */
	int changes;     /* so many readings see the group change */
	int refused_page; /* the page that begins here */
	bool no_dns;      /* filters with DNs find nothing */
	int bad_member;   /* its entry is refused by base and not found by filter; 0 = none */
	int aliases;      /* addresses of `many`, in parts */
	atomic_int readings;
};

struct scene {
	struct fake_ldap *fake;
	struct conf *conf;
	struct directories *directories;
	struct directory *directory;
	struct way way;
};

static void finish(struct fake_ldap *fake, const struct fake_question *question, int result)
{
	fake_result(fake, question->peer, question->id, LDAP_RES_SEARCH_RESULT, result, "");
}

static void send_member(struct fake_ldap *fake, const struct fake_question *question, int number)
{
	char dn[64], id[16], mail[64];
	struct fake_entry entry = { .dn = dn };
	const char *pairs[] = {
		"objectGUID", id,   "objectClass",        "user",
		"mail",       mail, "userAccountControl", number == DISABLED ? "514" : "512",
		NULL
	};

	snprintf(dn, sizeof(dn), "CN=m%d,DC=x", number);
	snprintf(id, sizeof(id), "%d", number);
	snprintf(mail, sizeof(mail), "m%d@corp.example", number);
	memcpy(entry.pairs, pairs, sizeof(pairs));
	fake_entry_send(fake, question->peer, question->id, &entry);
}

static bool has(const struct fake_question *question, const char *text)
{
	return memmem(question->filter.bv_val, question->filter.bv_len, text, strlen(text));
}

static bool names(const struct fake_question *question, int number)
{
	char text[64];

	snprintf(text, sizeof(text), "CN=m%d,DC=x", number);
	return has(question, text);
}

/* "attribute;range=N-M" with numbered values, of `count` in all. */
static void send_part(struct fake_ldap *fake, const struct fake_question *question,
		      const char *attribute, int count, struct way *way)
{
	const char *at = strstr(question->attributes, ";range=");
	int first = at ? atoi(at + 7) : 0, told = first, end;
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	bool broken = way->broken_how && first == way->broken_part;
	char name[64], text[64];

	if (first == 0)
		atomic_fetch_add(&way->readings, 1);
	if (broken && way->broken_how == 1)
		told = first + 1;
	if (broken && way->broken_how == 4)
		told = first = first - PART;
	end = first + PART < count ? first + PART : count;
	if (end == count)
		snprintf(name, sizeof(name), "%s;range=%d-*", attribute, told);
	else
		snprintf(name, sizeof(name), "%s;range=%d-%d", attribute, told, end - 1);
	ber_printf(ber, "{it{s{{s[s]}{s[s]}{s[s]}", question->id, (ber_tag_t)LDAP_RES_SEARCH_ENTRY,
		   attribute[0] == 'm' ? GROUP : "CN=many,DC=x", "objectGUID", "many",
		   "objectClass", "user", "mail", "many@corp.example");
	if (first == 0) /* as AD does it */
		ber_printf(ber, "{s[]}", attribute);
	snprintf(text, sizeof(text), "%d",
		 first > 0 && atomic_load(&way->readings) <= way->changes ? 8 : 7);
	ber_printf(ber, "{s[s]}", "uSNChanged", text);
	ber_printf(ber, "{s[", name);
	for (int i = first; i < end && !(broken && way->broken_how == 2); i++) {
		if (attribute[0] == 'm')
			snprintf(text, sizeof(text), "CN=m%d,DC=x", i);
		else
			snprintf(text, sizeof(text), "smtp:a%d@corp.example", i);
		ber_printf(ber, "s", text);
	}
	ber_printf(ber, "]}}}}");
	fake_send(fake, question->peer, ber);
	finish(fake, question, LDAP_SUCCESS);
}

static void send_page(struct fake_ldap *fake, const struct fake_question *question,
		      const struct way *way)
{
	int first = atoi(question->cookie), end = first + question->page;
	char cookie[16];

	if (way->refused_page && first >= way->refused_page) {
		fake_page_end(fake, question, LDAP_SIZELIMIT_EXCEEDED, NULL);
		return;
	}
	for (int i = first; i < end && i < 1200; i++)
		send_member(fake, question, i);
	snprintf(cookie, sizeof(cookie), "%d", end);
	fake_page_end(fake, question, LDAP_SUCCESS, end < 1200 ? cookie : NULL);
}

static void send_named(struct fake_ldap *fake, const struct fake_question *question,
		       const struct way *way)
{
	for (int i = 0; i < 1200; i++)
		if (i != GONE && (i != way->bad_member || !i) && !way->no_dns && names(question, i))
			send_member(fake, question, i);
	finish(fake, question, LDAP_SUCCESS);
}

static void send_own(struct fake_ldap *fake, const struct fake_question *question,
		     const struct way *way)
{
	int number = atoi(question->base + 4);

	if (number == GONE) {
		finish(fake, question, LDAP_NO_SUCH_OBJECT);
	} else if (number && number == way->bad_member) {
		finish(fake, question, LDAP_INSUFFICIENT_ACCESS);
	} else {
		send_member(fake, question, number);
		finish(fake, question, LDAP_SUCCESS);
	}
}

static bool answer(struct fake_ldap *fake, const struct fake_question *question)
{
	struct scene *scene = fake->context;

	if (!question->base[0])
		finish(fake, question, LDAP_SUCCESS);
	else if (question->page)
		send_page(fake, question, &scene->way);
	else if (strcmp(question->base, GROUP) == 0 && scene->way.broken_how == 3 &&
		 strstr(question->attributes, "member;range="))
		finish(fake, question, LDAP_OTHER);
	else if (strcmp(question->base, GROUP) == 0)
		send_part(fake, question, "member", MEMBERS, &scene->way);
	else if (strcmp(question->base, "CN=many,DC=x") == 0 ||
		 has(question, "smtp:many@corp.example"))
		send_part(fake, question, "proxyAddresses", scene->way.aliases, &scene->way);
	else if (question->scope == LDAP_SCOPE_BASE)
		send_own(fake, question, &scene->way);
	else
		send_named(fake, question, &scene->way);
	return true;
}

static void open_scene(struct scene *scene, const char *more)
{
	char why[300];

	*scene = (struct scene){ .fake = fake_new() };
	scene->fake->script = answer;
	scene->fake->context = scene;
	scene->conf = fake_conf(scene->fake, "ad", more);
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

struct tally {
	unsigned ones, nobodies, all;
	char nobody[2][64];
};

static bool count(void *context, const struct directory_hit *hit)
{
	struct tally *tally = context;

	tally->all++;
	if (hit->found == DIRECTORY_ONE) {
		assert_non_null(hit->object);
		tally->ones++;
		return true;
	}
	assert_int_equal(hit->found, DIRECTORY_NOBODY);
	if (tally->nobodies < 2)
		snprintf(tally->nobody[tally->nobodies], 64, "%.60s", hit->person.dn);
	tally->nobodies++;
	return true;
}

static bool read_members(struct scene *scene, const struct mail_object *group, struct tally *tally)
{
	char why[400];
	bool good;

	*tally = (struct tally){ .all = 0 };
	good = directory_members(scene->directory, group, clock_ms() + 60000, count, tally, why);
	assert_int_equal(good, why[0] == '\0');
	return good;
}

static struct mail_object by_dn(void)
{
	return (struct mail_object){ .person = { .kind = PERSON_GROUP, .dn = GROUP },
				     .members_by_dn = true };
}

static void all_parts_each_member_once(void **state)
{
	struct mail_object group = by_dn();
	struct scene scene;
	struct tally tally;

	(void)state;
	open_scene(&scene, FAKE_NO_CACHE);
	assert_true(read_members(&scene, &group, &tally));
	assert_int_equal(tally.ones, MEMBERS - 2);
	assert_int_equal(tally.nobodies, 2);
	assert_string_equal(tally.nobody[0], "CN=m3,DC=x");
	assert_string_equal(tally.nobody[1], "CN=m5,DC=x");
	/* 9 parts, 3 searches for 50 names each, one for who is gone. */
	assert_int_equal(atomic_load(&scene.fake->searches), 13);
	close_scene(&scene);
}

static void a_broken_chain_is_no_group(void **state)
{
	struct mail_object group = by_dn();
	struct scene scene;
	struct tally tally;

	(void)state;
	open_scene(&scene, FAKE_NO_CACHE);
	scene.way.broken_part = 2 * PART;
	for (int how = 1; how <= 4; how++) {
		scene.way.broken_how = how;
		atomic_store(&scene.way.readings, 0);
		assert_false(read_members(&scene, &group, &tally));
		assert_int_equal(tally.all, 0);
		if (how != 3)
			assert_int_equal(atomic_load(&scene.way.readings), 2);
	}
	close_scene(&scene);
}

static void what_changes_is_read_again(void **state)
{
	struct mail_object group = by_dn();
	struct scene scene;
	struct tally tally;

	(void)state;
	open_scene(&scene, FAKE_NO_CACHE);
	scene.way.changes = 1;
	assert_true(read_members(&scene, &group, &tally));
	assert_int_equal(tally.ones, MEMBERS - 2);
	atomic_store(&scene.way.readings, 0);
	scene.way.changes = 100;
	assert_false(read_members(&scene, &group, &tally));
	close_scene(&scene);
}

static void servers_without_names_in_filters(void **state)
{
	struct mail_object group = by_dn();
	struct scene scene;
	struct tally tally;

	(void)state;
	open_scene(&scene, FAKE_NO_CACHE);
	scene.way.no_dns = true;
	assert_true(read_members(&scene, &group, &tally));
	assert_int_equal(tally.ones, MEMBERS - 2);
	assert_int_equal(tally.nobodies, 2);
	close_scene(&scene);
}

static void one_that_cannot_be_read_is_a_failure(void **state)
{
	struct mail_object group = by_dn();
	struct scene scene;
	struct tally tally;

	(void)state;
	open_scene(&scene, FAKE_NO_CACHE);
	scene.way.bad_member = 77;
	assert_false(read_members(&scene, &group, &tally));
	assert_int_equal(tally.all, 0);
	close_scene(&scene);
}

static void a_fault_is_a_failure(void **state)
{
	struct mail_object group = by_dn();
	struct scene scene;
	struct tally tally;

	(void)state;
	open_scene(&scene, FAKE_NO_CACHE);
	strcpy(group.fault, "memberURL: more than one value");
	assert_false(read_members(&scene, &group, &tally));
	close_scene(&scene);
}

static void filters_find_more_than_a_page(void **state)
{
	struct mail_object group = { .person = { .kind = PERSON_GROUP, .dn = "CN=dynamic,DC=x" },
				     .member_filter = (char[]){ "(department=sales)" } };
	struct scene scene;
	struct tally tally;

	(void)state;
	open_scene(&scene, FAKE_NO_CACHE);
	assert_true(read_members(&scene, &group, &tally));
	/* A rule promises nothing to the one who is disabled and the one who has gone. */
	assert_int_equal(tally.ones, 1198);
	assert_int_equal(tally.nobodies, 0);
	scene.way.refused_page = 500;
	assert_false(read_members(&scene, &group, &tally));
	assert_int_equal(tally.all, 0);
	scene.way.refused_page = 0;
	group.member_filter = (char[]){ "(department=sales" };
	assert_false(read_members(&scene, &group, &tally));
	close_scene(&scene);
}

static void addresses_in_parts(void **state)
{
	struct directory_hit hit;
	struct address address;
	struct scene scene;
	const char *why;

	(void)state;
	open_scene(&scene, FAKE_NO_CACHE);
	scene.way.aliases = 10 * PART + 1;
	assert_true(address_parse(span_text("many@corp.example"), &address, &why));
	directory_find_recipient(scene.directory, &address, &hit);
	assert_int_equal(hit.found, DIRECTORY_ONE);
	assert_string_equal(hit.object->fault, "");
	assert_true(object_has_address(hit.object, "a0@corp.example"));
	assert_true(object_has_address(hit.object, "a150@corp.example"));
	directory_hit_clear(&hit);
	scene.way.broken_part = 3 * PART;
	scene.way.broken_how = 1;
	directory_find_recipient(scene.directory, &address, &hit);
	assert_int_equal(hit.found, DIRECTORY_FAILED);
	assert_null(hit.object);
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_parts_each_member_once),
		cmocka_unit_test(a_broken_chain_is_no_group),
		cmocka_unit_test(what_changes_is_read_again),
		cmocka_unit_test(servers_without_names_in_filters),
		cmocka_unit_test(one_that_cannot_be_read_is_a_failure),
		cmocka_unit_test(a_fault_is_a_failure),
		cmocka_unit_test(filters_find_more_than_a_page),
		cmocka_unit_test(addresses_in_parts),
	};

	log_open("test", LOG_LEVEL_ERROR, LOG_FORM_LINE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
#include "directory/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct cache *new_cache(unsigned positive, unsigned negative, unsigned outage, size_t octets)
{
	return cache_new(&(struct cache_lives){ positive, negative, outage, octets });
}

/* Keeps one of that identity; the cache alone holds it then. */
static void keep(struct cache *cache, const char *key, int64_t now, const char *id)
{
	struct person person = { .address = "" };
	struct mail_object *object;

	snprintf(person.id, sizeof(person.id), "%s", id);
	object = object_of_person(&person);
	cache_keep(cache, span_text(key), now, object);
	object_drop(object);
}

/* The identity found; "-" = known not to be there; "" = nothing known. */
static const char *find(struct cache *cache, const char *key, int64_t now, int64_t *left)
{
	static char id[64];
	struct mail_object *object;

	*left = 0;
	if (!cache_find(cache, span_text(key), now, &object, left))
		return "";
	snprintf(id, sizeof(id), "%s", object ? object->person.id : "-");
	object_drop(object);
	return id;
}

static const char *find_old(struct cache *cache, const char *key, int64_t now)
{
	static char id[64];
	struct mail_object *object = cache_find_old(cache, span_text(key), now);

	snprintf(id, sizeof(id), "%s", object ? object->person.id : "");
	object_drop(object);
	return id;
}

static void keeps_for_its_time(void **state)
{
	struct cache *cache = new_cache(30, 10, 0, 0);
	int64_t left;

	(void)state;
	assert_string_equal(find(cache, "alice@x", 0, &left), "");
	keep(cache, "alice@x", 0, "abc");
	cache_keep(cache, span_text("nobody@x"), 0, NULL);
	assert_string_equal(find(cache, "alice@x", 29000, &left), "abc");
	assert_int_equal(left, 1000);
	assert_string_equal(find(cache, "alice@x", 30001, &left), "");
	assert_string_equal(find_old(cache, "alice@x", 30001), "");
	assert_string_equal(find(cache, "nobody@x", 9000, &left), "-");
	assert_int_equal(left, 1000);
	assert_string_equal(find(cache, "nobody@x", 10001, &left), "");
	cache_free(cache);
}

static void the_later_answer_counts(void **state)
{
	struct cache *cache = new_cache(30, 10, 100, 0);
	int64_t left;

	(void)state;
	cache_keep(cache, span_text("new@x"), 0, NULL);
	keep(cache, "new@x", 1, "abc");
	assert_string_equal(find(cache, "new@x", 2, &left), "abc");
	cache_keep(cache, span_text("new@x"), 3, NULL);
	assert_string_equal(find(cache, "new@x", 4, &left), "-");
	/* Who is known to be gone is not brought back by an outage. */
	assert_string_equal(find_old(cache, "new@x", 11000), "");
	cache_free(cache);
}

static void outlives_an_outage(void **state)
{
	struct cache *cache = new_cache(30, 10, 3600, 0);
	int64_t left;

	(void)state;
	keep(cache, "alice@x", 0, "abc");
	cache_keep(cache, span_text("nobody@x"), 0, NULL);
	assert_string_equal(find(cache, "alice@x", 30001, &left), "");
	assert_string_equal(find_old(cache, "alice@x", 30001), "abc");
	assert_string_equal(find_old(cache, "alice@x", 3599999), "abc");
	assert_string_equal(find_old(cache, "alice@x", 3600001), "");
	assert_string_equal(find_old(cache, "nobody@x", 1), "");
	cache_free(cache);
	cache = new_cache(0, 0, 60, 0);
	keep(cache, "alice@x", 0, "abc");
	assert_string_equal(find(cache, "alice@x", 1, &left), "");
	assert_string_equal(find_old(cache, "alice@x", 1), "abc");
	cache_free(cache);
}

static void zero_seconds_is_off(void **state)
{
	struct cache *cache = new_cache(0, 0, 0, 0);
	int64_t left;

	(void)state;
	keep(cache, "a", 0, "abc");
	cache_keep(cache, span_text("b"), 0, NULL);
	assert_string_equal(find(cache, "a", 0, &left), "");
	assert_string_equal(find(cache, "b", 0, &left), "");
	assert_string_equal(find_old(cache, "a", 0), "");
	cache_free(cache);
}

static void octets_are_capped(void **state)
{
	enum { KEPT = 200, ROOM = 50 };
	struct mail_object *one = object_of_person(&(struct person){ .address = "" });
	struct cache *cache = new_cache(30, 10, 0, ROOM * object_octets(one));
	unsigned known = 0;
	char key[16];
	int64_t left;

	(void)state;
	object_drop(one);
	for (int i = 0; i < KEPT; i++) {
		snprintf(key, sizeof(key), "%d", i);
		keep(cache, key, 0, key);
	}
	for (int i = 0; i < KEPT; i++) {
		snprintf(key, sizeof(key), "%d", i);
		if (strcmp(find(cache, key, 1, &left), key) == 0)
			known++;
	}
	assert_true(known > ROOM / 2 && known <= ROOM);
	assert_string_equal(find(cache, "199", 1, &left), "199");
	assert_string_equal(find(cache, "0", 1, &left), "");
	cache_free(cache);
}

static bool is_named(void *context, const struct mail_object *object)
{
	return strcmp(object->person.id, context) == 0;
}

static void forgets_what_changed(void **state)
{
	struct cache *cache = new_cache(30, 10, 3600, 0);
	int64_t left;

	(void)state;
	keep(cache, "alice@x", 0, "a");
	keep(cache, "alias@x", 0, "a");
	keep(cache, "bob@x", 0, "b");
	cache_keep(cache, span_text("nobody@x"), 0, NULL);
	cache_forget(cache, is_named, (char[]){ "a" });
	assert_string_equal(find(cache, "alice@x", 1, &left), "");
	assert_string_equal(find_old(cache, "alias@x", 1), "");
	assert_string_equal(find(cache, "bob@x", 1, &left), "b");
	assert_string_equal(find(cache, "nobody@x", 1, &left), "");
	cache_keep(cache, span_text("nobody@x"), 1, NULL);
	cache_expire(cache, 2);
	assert_string_equal(find(cache, "bob@x", 2, &left), "");
	assert_string_equal(find(cache, "nobody@x", 2, &left), "");
	assert_string_equal(find_old(cache, "bob@x", 2), "b");
	keep(cache, "bob@x", 3, "b");
	assert_string_equal(find(cache, "bob@x", 4, &left), "b");
	cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_for_its_time), cmocka_unit_test(the_later_answer_counts),
		cmocka_unit_test(outlives_an_outage), cmocka_unit_test(zero_seconds_is_off),
		cmocka_unit_test(octets_are_capped),  cmocka_unit_test(forgets_what_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

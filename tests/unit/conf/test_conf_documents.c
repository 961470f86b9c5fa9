/* SPDX-License-Identifier: ISC */
/* The samples are accepted, and samples, manual page and tables know the same keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "conf/conf_private.h"

#define SAMPLE      "conf/postern.conf.sample"
#define SAMPLE_2003 "conf/postern-2003.conf.sample"
#define MANUAL      "docs/man/postern.conf.5"

/* The one section inside another that has a part of its own in the documents. */
static const struct conf_section outbound = { .name = "outbound", .keys = conf_outbound_keys };

static void hear(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fail_msg("%s:%u: %s", file, line, text);
}

static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = memory_new(CONF_FILE_MAX);
	size_t length;

	if (!file)
		fail_msg("%s: run from the top of the tree", path);
	length = fread(text, 1, CONF_FILE_MAX - 1, file);
	text[length] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

/* The first is written out, the second is what a server has without the section. */
static void expect_same_outbound(const struct conf_outbound *a, const struct conf_outbound *b)
{
	assert_int_equal(a->connections, b->connections);
	assert_int_equal(a->connections_per_domain, b->connections_per_domain);
	assert_int_equal(a->messages_per_connection, b->messages_per_connection);
	assert_int_equal(a->recipients, b->recipients);
	assert_int_equal(a->idle_timeout, b->idle_timeout);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->retry_count, b->retry_count);
	for (size_t i = 0; i < a->retry_count; i++)
		assert_int_equal(a->retry[i], b->retry[i]);
	assert_int_equal(a->delay_notice, b->delay_notice);
	assert_int_equal(a->expiry, b->expiry);
	assert_int_equal(a->local_delay_notice, b->local_delay_notice);
	assert_int_equal(a->local_expiry, b->local_expiry);
	assert_int_equal(a->tls, b->tls);
	assert_int_equal(a->login.how, b->login.how);
	assert_true(a->dane == b->dane && a->mta_sts == b->mta_sts);
}

static void test_sample_is_the_defaults(void **state)
{
	char *text;
	struct conf *conf = conf_read(SAMPLE, &text, hear, NULL);

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf->smtps_count, 2);
	assert_int_equal(conf->domains_count, 2);
	assert_int_equal(conf->smtps[0].message_size, conf->smtps[1].message_size);
	assert_int_equal(conf->smtps[0].recipients, conf->smtps[1].recipients);
	assert_int_equal(conf->smtps[0].idle_timeout, conf->smtps[1].idle_timeout);
	assert_int_equal(conf->smtps[0].hops, conf->smtps[1].hops);
	assert_true(conf->smtps[0].anonymous && conf->smtps[0].methods.basic);
	assert_true(!conf->smtps[1].anonymous && conf->smtps[1].methods.basic);
	assert_true(conf->pop3.enabled);
	expect_same_outbound(&conf->smtps[0].outbound, &conf->smtps[1].outbound);
	assert_true(conf->smtps[0].relay.authenticated && conf->smtps[1].relay.authenticated);
	assert_true(!conf->smtps[0].relay.all_except && !conf->smtps[0].relay.open);
	free(text);
	conf_free(conf);
}

static void test_sample_2003(void **state)
{
	struct conf *conf = conf_read(SAMPLE_2003, NULL, hear, NULL);

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf->smtps[0].message_size, 2048 * 1024);
	assert_int_equal(conf->smtps[0].session_size, 10240 * 1024);
	assert_int_equal(conf->smtps[0].recipients, 100);
	assert_int_equal(conf->smtps[0].idle_timeout, 600);
	assert_int_equal(conf->smtps[0].hops, 15);
	assert_int_equal(conf->smtps[0].connections, 0);
	assert_int_equal(conf->smtps[0].outbound.connections, 1000);
	assert_int_equal(conf->smtps[0].outbound.connections_per_domain, 100);
	assert_int_equal(conf->smtps[0].outbound.messages_per_connection, 20);
	assert_int_equal(conf->smtps[0].outbound.retry_count, 4);
	assert_int_equal(conf->smtps[0].outbound.retry[0], 15 * 60);
	assert_int_equal(conf->smtps[0].outbound.retry[3], 240 * 60);
	assert_int_equal(conf->smtps[0].outbound.delay_notice, 12 * 3600);
	assert_int_equal(conf->smtps[0].outbound.expiry, 2 * 86400);
	conf_free(conf);
}

/* The line of a section's key in the sample, set or in a comment, after `from`. */
static const char *sample_key(const char *from, const char *end, const char *name)
{
	const char *at = from;
	size_t length = strlen(name);

	while (at && at < end) {
		at += strspn(at, " \t#");
		if (!strncmp(at, name, length) && (!strncmp(at + length, " = ", 3)))
			return at;
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

static void expect_sample(const char *sample, const char *begin, const struct conf_section *section,
			  const char *closing)
{
	const char *end = strstr(begin + 1, closing);

	end = end ? end : begin + strlen(begin);
	if (section == &conf_root)
		end = strstr(sample, "\ndirectory ");
	for (const struct conf_key *key = section->keys; key->name; key++)
		if (!strcmp(key->name, "alias_of") ? !strstr(sample, "\talias_of = ")
						   : !sample_key(begin, end, key->name))
			fail_msg("%s lacks %s of %s", SAMPLE, key->name, section->name);
}

static void test_sample_has_every_key(void **state)
{
	char *sample = read_whole(SAMPLE);

	(void)state;
	expect_sample(sample, sample, &conf_root, "\n}");
	for (const struct conf_section *s = conf_root.inner; s->name; s++) {
		char *title = memory_format("\n%s ", s->name);
		const char *begin = strstr(sample, title);

		assert_non_null(begin);
		expect_sample(sample, begin, s, "\n}");
		free(title);
	}
	assert_non_null(strstr(sample, "\n\toutbound {"));
	expect_sample(sample, strstr(sample, "\n\toutbound {"), &outbound, "\n\t}");
	free(sample);
}

/* The part of the manual page about a section. The caller frees. */
static char *manual_part(const char *manual, const char *heading)
{
	char *title = memory_format("\n.Sh %s\n", heading);
	const char *begin = strstr(manual, title), *end;

	if (!begin)
		fail_msg("%s lacks %s", MANUAL, heading);
	begin += strlen(title);
	end = strstr(begin, "\n.Sh ");
	free(title);
	return memory_text_n(begin, (size_t)(end - begin));
}

static void expect_manual(const char *manual, const struct conf_section *section)
{
	char *heading = section == &conf_root ? memory_text("TOP LEVEL")
					      : memory_format("SECTION %s", section->name);
	char *part = manual_part(manual, heading);

	for (const struct conf_key *key = section->keys; key->name; key++) {
		char *item = memory_format(".It Cm %s No ", key->name);
		char *mention = memory_format("\n.Cm %s", key->name);

		if (!strstr(part, item) && !strstr(part, mention))
			fail_msg("%s lacks %s of %s", MANUAL, key->name, heading);
		free(item);
		free(mention);
	}
	free(part);
	free(heading);
}

static void test_manual_has_every_key(void **state)
{
	char *manual = read_whole(MANUAL);

	(void)state;
	expect_manual(manual, &conf_root);
	for (const struct conf_section *s = conf_root.inner; s->name; s++)
		expect_manual(manual, s);
	expect_manual(manual, &outbound);
	free(manual);
}

static bool key_exists(struct span name, const struct conf_section *section)
{
	for (const struct conf_key *key = section->keys; key->name; key++)
		if (span_is(name, key->name))
			return true;
	for (const struct conf_section *s = section->inner; s && s->name; s++)
		if (span_is(name, s->name) || key_exists(name, s))
			return true;
	return false;
}

/* Whatever the page describes as a key is one, and stands in the sample. */
static void test_manual_has_no_other_key(void **state)
{
	char *manual = read_whole(MANUAL), *sample = read_whole(SAMPLE);
	const char *at = manual;
	unsigned count = 0;

	(void)state;
	while ((at = strstr(at, "\n.It Cm "))) {
		struct span name = { at += 8, strcspn(at, " ") };
		char *text = memory_text_n(name.at, name.length);

		if (!key_exists(name, &conf_root))
			fail_msg("%s describes %s, which is no key", MANUAL, text);
		if (!strstr(sample, text))
			fail_msg("%s lacks %s", SAMPLE, text);
		free(text);
		count++;
	}
	assert_true(count > 50);
	free(manual);
	free(sample);
}

/* What a preset calls things stands below it, or, for those on AD, below the ones they build on. */
static void expect_preset(const char *part, const char *preset)
{
	struct conf_schema schema = { .preset = memory_text(preset) };
	char *item = memory_format("\n.It Li %s\n", preset);
	const char *begin = strstr(part, item), *end;

	if (!begin)
		fail_msg("%s lacks the preset %s", MANUAL, preset);
	end = strstr(begin + 1, "\n.It Li ");
	end = end ? end : part + strlen(part);
	conf_preset_apply(&schema);
	for (size_t i = 0; i < CONF_ATTRIBUTES; i++) {
		char *row = memory_format("\n.It %s Ta %s\n", conf_attribute_key(i),
					  schema.attribute[i]);
		const char *found = strstr(schema.active_directory ? part : begin, row);

		if (*schema.attribute[i] && (!found || (found > end && !schema.active_directory)))
			fail_msg("%s lacks %s = %s of preset %s", MANUAL, conf_attribute_key(i),
				 schema.attribute[i], preset);
		free(row);
		free(schema.attribute[i]);
	}
	free(schema.preset);
	free(schema.recipient_filter);
	free(schema.login_filter);
	free(item);
}

static void test_manual_has_every_preset(void **state)
{
	char *manual = read_whole(MANUAL), *part = manual_part(manual, "PRESETS");

	(void)state;
	for (size_t i = 0; conf_preset_name(i); i++)
		expect_preset(part, conf_preset_name(i));
	free(part);
	free(manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample_is_the_defaults),
		cmocka_unit_test(test_sample_2003),
		cmocka_unit_test(test_sample_has_every_key),
		cmocka_unit_test(test_manual_has_every_key),
		cmocka_unit_test(test_manual_has_no_other_key),
		cmocka_unit_test(test_manual_has_every_preset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

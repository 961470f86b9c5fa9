/* SPDX-License-Identifier: ISC */
/* The methods password-file and local, and the lock of a mailbox, behind directory/directory.h. */
#include "directory/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "accounts/mailboxes.h"
#include "accounts/password.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/directories.h"
#include "mail/address.h"

#define RIGHT "Correct horse 1"

struct scene {
	char top[64];
	struct conf *conf;
	struct directories *directories;
	struct directory *directory;
};

static void complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fail_msg("%s:%u: %s", file, line, text);
}

static void open_scene(struct scene *scene, const char *method)
{
	char why[300] = "", *text;

	strcpy(scene->top, "/tmp/test_accounts.XXXXXX");
	assert_non_null(mkdtemp(scene->top));
	text = memory_format("method = %s\nmailboxes = '%s/mailboxes'\n"
			     "domain corp.example { default = true }\ndomain sales.example { }\n"
			     "domain alias.example { alias_of = corp.example }\n"
			     "smtp x { listen '127.0.0.1:2525' { tls = none } }\n",
			     method, scene->top);
	scene->conf = conf_parse("t", text, complain, NULL);
	free(text);
	scene->directories = directories_open(scene->conf, why, sizeof why);
	assert_non_null(scene->directories);
	directories_start(scene->directories);
	scene->directory = directories_find(scene->directories, scene->conf->domains[0].directory);
	assert_non_null(scene->directory);
}

static void close_scene(struct scene *scene)
{
	char *line = memory_format("rm -rf '%s'", scene->top);

	directories_close(scene->directories);
	conf_free(scene->conf);
	assert_int_equal(system(line), 0);
	free(line);
}

static void put(const struct scene *scene, const char *domain, const char *name, char id,
		bool locked, const char *password)
{
	struct mailbox_file file = { .locked = locked };
	char why[MAILBOXES_WHY];

	memset(file.id, id, MAILBOX_ID_SIZE - 1);
	if (password)
		assert_true(password_set(&file, span_text(password)));
	assert_true(mailboxes_write(scene->conf->mailboxes, domain, name, &file, geteuid(), why));
}

static enum directory_found recipient(const struct scene *scene, const char *text,
				      struct directory_hit *hit)
{
	struct address address;
	const char *why;

	assert_true(address_parse(span_text(text), &address, &why));
	directory_find_recipient(scene->directory, &address, hit);
	assert_true(!hit->object == (hit->found != DIRECTORY_ONE));
	if (hit->object)
		assert_true(object_has_address(hit->object, hit->person.address));
	directory_hit_clear(hit);
	return hit->found;
}

/* By name and by identity it is the same as by address. */
static void expect_object(const struct scene *scene, const char *dn, char letter,
			  enum directory_found found)
{
	char id[MAILBOX_ID_SIZE] = "";
	struct directory_hit hit;

	memset(id, letter, MAILBOX_ID_SIZE - 1);
	directory_find_dn(scene->directory, dn, &hit);
	assert_int_equal(hit.found, found);
	if (found == DIRECTORY_ONE)
		assert_string_equal(hit.object->person.id, id);
	directory_hit_clear(&hit);
	directory_find_id(scene->directory, id, &hit);
	assert_int_equal(hit.found, found);
	if (found == DIRECTORY_ONE)
		assert_string_equal(hit.object->person.address, dn);
	directory_hit_clear(&hit);
	assert_null(hit.object);
}

static enum directory_found login(const struct scene *scene, const char *user, const char *domain,
				  struct directory_hit *hit)
{
	char *whole = domain ? memory_format("%s@%s", user, domain) : memory_text(user);
	struct filter_values values = { .login = span_text(whole),
					.user = span_text(user),
					.domain = span_text(domain ? domain : "") };

	directory_find_login(scene->directory, &values, 0, hit);
	free(whole);
	return hit->found;
}

static enum password_result prove(const struct scene *scene, const char *dn, const char *password)
{
	struct checker_answer answer;

	directory_check_password(scene->directory, dn, span_text(password), 0, &answer);
	assert_true(answer.cause[0]);
	assert_null(strstr(answer.cause, RIGHT));
	return answer.result;
}

static void expect_again(const struct scene *scene, char id, unsigned state, bool there)
{
	char text[MAILBOX_ID_SIZE] = "";
	struct directory_again again = { .id = text };

	memset(text, id, MAILBOX_ID_SIZE - 1);
	assert_true(directory_read_again(scene->directory, 0, &again, 1));
	assert_int_equal(again.there, there);
	if (there)
		assert_int_equal(again.state, state);
}

static void password_files(void **state)
{
	struct scene scene;
	struct directory_hit hit;
	struct facts facts;

	(void)state;
	open_scene(&scene, "password-file");
	put(&scene, "corp.example", "bob", 'a', false, RIGHT);
	put(&scene, "sales.example", "bob", 'b', true, "Other horse 1");
	assert_int_equal(recipient(&scene, "BOB@corp.example", &hit), DIRECTORY_ONE);
	assert_string_equal(hit.person.address, "bob@corp.example");
	assert_int_equal(hit.person.id[0], 'a');
	assert_true(hit.good_for > 0);
	assert_int_equal(recipient(&scene, "bob@sales.example", &hit), DIRECTORY_ONE);
	assert_int_equal(hit.person.id[0], 'b');
	assert_int_equal(hit.person.state, 0); /* a locked one receives */
	assert_int_equal(recipient(&scene, "bob@alias.example", &hit),
			 DIRECTORY_NOBODY); /* routing follows */
	assert_int_equal(recipient(&scene, "eve@corp.example", &hit), DIRECTORY_NOBODY);
	assert_int_equal(hit.good_for, 0); /* made a moment later, it is found */
	assert_int_equal(login(&scene, "bob", "corp.example", &hit), DIRECTORY_ONE);
	assert_int_equal(hit.person.state, 0);
	assert_int_equal(prove(&scene, hit.person.dn, RIGHT), PASSWORD_RIGHT);
	assert_int_equal(prove(&scene, hit.person.dn, "Other horse 1"), PASSWORD_WRONG);
	assert_int_equal(prove(&scene, hit.person.dn, ""), PASSWORD_WRONG);
	assert_int_equal(login(&scene, "bob", "sales.example", &hit), DIRECTORY_ONE);
	assert_int_equal(hit.person.state, PERSON_LOCKED | PERSON_SHUT);
	assert_int_equal(login(&scene, "bob", NULL, &hit), DIRECTORY_NOBODY);
	assert_int_equal(prove(&scene, "nobody@corp.example", RIGHT), PASSWORD_WRONG);
	expect_again(&scene, 'a', 0, true);
	expect_again(&scene, 'b', PERSON_LOCKED | PERSON_SHUT, true);
	expect_again(&scene, 'c', 0, false);
	expect_object(&scene, "bob@corp.example", 'a', DIRECTORY_ONE);
	expect_object(&scene, "eve@corp.example", 'c', DIRECTORY_NOBODY);
	expect_object(&scene, "CN=eve,DC=corp", 'd', DIRECTORY_NOBODY);
	assert_true(directory_facts(scene.directory, 0, &facts));
	assert_string_equal(facts.base, "");
	close_scene(&scene);
}

static void broken_files_are_trouble(void **state)
{
	struct scene scene;
	struct directory_hit hit;
	char *path;
	FILE *file;

	(void)state;
	open_scene(&scene, "password-file");
	put(&scene, "corp.example", "bob", 'a', false, RIGHT);
	path = memory_format("%s/mailboxes/corp.example/bob", scene.top);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("postern-mailbox 1\nstate open\n", file); /* no identity: whose mail would it be? */
	assert_int_equal(fclose(file), 0);
	assert_int_equal(recipient(&scene, "bob@corp.example", &hit), DIRECTORY_FAILED);
	assert_int_equal(hit.good_for, 0);
	assert_int_equal(login(&scene, "bob", "corp.example", &hit), DIRECTORY_FAILED);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(prove(&scene, "bob@corp.example", RIGHT), PASSWORD_TEMPORARY);
	free(path);
	close_scene(&scene);
}

static void answer(void *context, const char *account, struct span password, int64_t deadline,
		   struct checker_answer *to)
{
	(void)deadline;
	snprintf(context, 64, "%s", account);
	*to = (struct checker_answer){ .result = span_is(password, RIGHT) ? PASSWORD_RIGHT
									  : PASSWORD_EXPIRED };
	snprintf(to->cause, sizeof to->cause, "as asked");
}

/* "daemon" and "bin" are accounts of every Debian system. */
static void local_accounts(void **state)
{
	char asked[64] = "";
	struct directory_prover prover = { answer, asked };
	struct scene scene;
	struct directory_hit hit;

	(void)state;
	open_scene(&scene, "local");
	put(&scene, "corp.example", "daemon", 'a', false, NULL);
	put(&scene, "sales.example", "bin", 'b', false, NULL);
	put(&scene, "corp.example", "no-such-account", 'c', false, NULL);
	assert_int_equal(recipient(&scene, "daemon@corp.example", &hit), DIRECTORY_ONE);
	assert_int_equal(hit.person.state, 0);
	assert_int_equal(recipient(&scene, "daemon@sales.example", &hit), DIRECTORY_NOBODY);
	assert_int_equal(recipient(&scene, "root@corp.example", &hit), DIRECTORY_NOBODY);
	expect_object(&scene, "daemon@corp.example", 'a', DIRECTORY_ONE);
	expect_object(&scene, "root@corp.example", 'x', DIRECTORY_NOBODY);
	assert_int_equal(recipient(&scene, "no-such-account@corp.example", &hit), DIRECTORY_ONE);
	assert_int_equal(hit.person.state, PERSON_DISABLED); /* the account is gone */
	assert_int_equal(login(&scene, "bin", NULL, &hit), DIRECTORY_ONE);
	assert_string_equal(hit.person.address, "bin@sales.example");
	assert_int_equal(login(&scene, "bin", "sales.example", &hit), DIRECTORY_ONE);
	assert_int_equal(login(&scene, "bin", "corp.example", &hit), DIRECTORY_NOBODY);
	assert_int_equal(login(&scene, "root", NULL, &hit), DIRECTORY_NOBODY);
	assert_int_equal(prove(&scene, "bin@sales.example", RIGHT), PASSWORD_TEMPORARY);
	directories_set_prover(scene.directories, &prover);
	assert_int_equal(prove(&scene, "bin@sales.example", RIGHT), PASSWORD_RIGHT);
	assert_string_equal(asked, "bin");
	assert_int_equal(prove(&scene, "bin@sales.example", "x"), PASSWORD_EXPIRED);
	assert_int_equal(prove(&scene, "bin@sales.example", ""), PASSWORD_WRONG);
	expect_again(&scene, 'a', 0, true);
	expect_again(&scene, 'c', PERSON_DISABLED, true);
	expect_again(&scene, 'e', 0, false);
	put(&scene, "corp.example", "bin", 'd', false, NULL); /* not by our command: two persons */
	assert_int_equal(login(&scene, "bin", NULL, &hit), DIRECTORY_MANY);
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(password_files),
		cmocka_unit_test(broken_files_are_trouble),
		cmocka_unit_test(local_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* The logins of one directory that says what a test wants. */
#ifndef TESTS_UNIT_AUTH_SCENE_H
#define TESTS_UNIT_AUTH_SCENE_H

#include "auth/auth.h"
#include "directory/directories.h"
#include "tests/unit/directory/fake_ldap.h"

#define TEXT_49 "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data "

struct scene {
	struct fake_ldap *fake;
	struct conf *conf;
	struct directories *directories;
	struct auth *auth;
};

/* What every search finds from now on; NULL = nobody. */
static inline void show(struct scene *scene, const struct fake_entry *entry)
{
	scene->fake->entries = entry;
	atomic_store(&scene->fake->entries_count, entry ? 1 : 0);
}

/* `more`: for the directory's section. */
static inline struct scene open_scene(const char *more, const struct fake_entry *entry)
{
	struct scene scene = { .fake = fake_new() };
	char why[300];

	show(&scene, entry);
	scene.conf = fake_conf(scene.fake, "ad", more);
	scene.directories = directories_open(scene.conf, why, sizeof(why));
	assert_non_null(scene.directories);
	directories_start(scene.directories);
	scene.auth = auth_new(scene.conf, scene.directories);
	return scene;
}

static inline void close_scene(struct scene *scene)
{
	auth_free(scene->auth);
	directories_close(scene->directories);
	conf_free(scene->conf);
	fake_free(scene->fake);
}

#endif

/* SPDX-License-Identifier: ISC */
/* The directories as routing asks them. */
#include "routing/routing_private.h"

#include <stdio.h>
#include <string.h>

#include "directory/directories.h"

static struct directory *open_one(void *context, const struct conf_directory *conf,
				  struct directory_hit *hit)
{
	struct directory *directory = conf ? directories_find(context, conf) : NULL;

	*hit = (struct directory_hit){ .found = DIRECTORY_FAILED };
	if (!directory)
		snprintf(hit->cause, sizeof(hit->cause), "the directory is not open");
	return directory;
}

static void find_address(void *context, const struct conf_directory *conf,
			 const struct address *address, struct directory_hit *hit)
{
	struct directory *directory = open_one(context, conf, hit);

	if (directory)
		directory_find_recipient(directory, address, hit);
}

static void find_dn(void *context, const struct conf_directory *conf, const char *dn,
		    struct directory_hit *hit)
{
	struct directory *directory = open_one(context, conf, hit);

	if (directory)
		directory_find_dn(directory, dn, hit);
}

static void find_id(void *context, const struct conf_directory *conf, const char *id,
		    struct directory_hit *hit)
{
	struct directory *directory = open_one(context, conf, hit);

	if (directory)
		directory_find_id(directory, id, hit);
}

static void find_legacy(void *context, const struct conf_directory *conf, const char *legacy_dn,
			struct directory_hit *hit)
{
	struct directory *directory = open_one(context, conf, hit);

	if (directory)
		directory_find_legacy(directory, legacy_dn, hit);
}

static bool members(void *context, const struct conf_directory *conf,
		    const struct mail_object *group, int64_t deadline,
		    bool (*each)(void *context, const struct directory_hit *hit),
		    void *each_context, char why[400])
{
	struct directory *directory = conf ? directories_find(context, conf) : NULL;

	if (directory)
		return directory_members(directory, group, deadline, each, each_context, why);
	snprintf(why, 400, "the directory is not open");
	return false;
}

static enum directory_found is_member(void *context, const struct conf_directory *conf,
				      const struct person *person, char *const *groups,
				      size_t count, int64_t deadline, char why[400])
{
	struct directory *directory = conf ? directories_find(context, conf) : NULL;
	size_t which;

	if (directory)
		return directory_is_member(directory, person, groups, count, deadline, &which, why);
	snprintf(why, 400, "the directory is not open");
	return DIRECTORY_FAILED;
}

struct routing_source source_of_directories(struct directories *directories)
{
	return (struct routing_source){
		.find_address = find_address,
		.find_dn = find_dn,
		.find_id = find_id,
		.find_legacy = find_legacy,
		.members = members,
		.is_member = is_member,
		.context = directories,
	};
}

void hit_complete(struct directory_hit *hit)
{
	if (hit->found == DIRECTORY_ONE && !hit->object)
		hit->object = object_of_person(&hit->person);
}

const struct conf_directory *conf_directory_named(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->directories_count; i++)
		if (strcmp(conf->directories[i].name, name) == 0)
			return &conf->directories[i];
	return NULL;
}

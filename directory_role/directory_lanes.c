/* SPDX-License-Identifier: ISC */
#include "directory_role/directory_lanes.h"

#include "base/memory.h"
#include "conf/conf.h"
#include "directory_role/directory_role.h"

enum {
	RECHECK_THREADS = 8, /* each asks for many at once */
	CLIENT_THREADS = 64, /* they may all wait for one token endpoint */
	EXPAND_THREADS = 8,  /* long work, many searches each: the directory has others to answer */
	EXPLAIN_THREADS = 4
};

unsigned *directory_threads(const struct conf *conf)
{
	/* Behind it the pools of open sessions, of our own logins, of lists, of the administrator's
	 * questions. */
	size_t exchanges = conf->directories_count * DIRECTORY_POOLS;
	unsigned *threads = memory_array(exchanges + 6, sizeof *threads);

	for (size_t i = 0; i < conf->directories_count; i++) {
		threads[i * DIRECTORY_POOLS + DIRECTORY_POOL_LOOKUP] = conf->directories[i].lookups;
		threads[i * DIRECTORY_POOLS + DIRECTORY_POOL_PASSWORD] =
			conf->directories[i].password_checks;
		threads[exchanges] += conf->directories[i].password_checks;
	}
	threads[exchanges + 1] = RECHECK_THREADS;
	threads[exchanges + 2] = CLIENT_THREADS;
	threads[exchanges + 3] = EXPAND_THREADS;
	threads[exchanges + 4] = EXPLAIN_THREADS;
	return threads;
}

static const struct conf_directory *role_asked(struct directory_role *role, enum message_kind kind,
					       struct span body)
{
	const struct conf_directory *directory = NULL;
	struct message_resolve resolve;
	struct message_sender sender;
	struct standing standing;
	struct message_login login;

	if (kind == MESSAGE_RESOLVE && message_get_resolve(body, &resolve))
		return routing_directory(role->routing, &resolve.address);
	if (kind == MESSAGE_SENDER && message_get_sender(body, &sender) &&
	    standing_verify(sender.standing, role->key, &standing) &&
	    standing.directory < role->conf->directories_count)
		return &role->conf->directories[standing.directory];
	if (kind != MESSAGE_LOGIN)
		return NULL;
	if (message_get_login(body, &login))
		directory = auth_directory(role->auth, login.user, login.default_domain);
	memory_wipe(login.password, sizeof login.password);
	return directory;
}

unsigned directory_lane(void *context, const struct work_permit *permit, struct span body)
{
	struct directory_role *role = context;
	size_t count = role->conf->directories_count, index = 0;
	const struct conf_directory *directory;

	if (permit->kind == MESSAGE_RECHECK)
		return (unsigned)count * DIRECTORY_POOLS + 1;
	if (permit->kind == MESSAGE_CLIENT)
		return (unsigned)count * DIRECTORY_POOLS + 2;
	if (permit->kind == MESSAGE_EXPAND)
		return (unsigned)count * DIRECTORY_POOLS + 3;
	if (permit->kind == MESSAGE_EXPLAIN)
		return (unsigned)count * DIRECTORY_POOLS + 4;
	if (permit->kind != MESSAGE_RESOLVE && permit->kind != MESSAGE_SENDER &&
	    permit->kind != MESSAGE_LOGIN)
		return (unsigned)count * DIRECTORY_POOLS;
	directory = count > 1 ? role_asked(role, permit->kind, body) : NULL;
	if (directory)
		index = (size_t)(directory - role->conf->directories);
	return (unsigned)index * DIRECTORY_POOLS + permit->pool;
}

static bool shed_resolve(struct work *work)
{
	struct message_resolve ask;
	struct message_route answer = {
		.outcome = OUTCOME_TEMP,
		.kind = ROUTE_REFUSED,
		.code = 451,
		.status = "4.3.0",
		.text = "directory temporarily unavailable, try again later"
	};
	char memory[2048];
	struct wire_writer writer;

	if (!message_get_resolve(work_body(work), &ask))
		return false;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_route(&writer, &answer);
	work_answer(work, &writer, -1);
	return true;
}

static bool shed_login(struct work *work)
{
	struct message_login login;
	struct message_identity answer = { .verdict = AUTH_TEMPORARY };
	bool good = message_get_login(work_body(work), &login);
	char memory[2048];
	struct wire_writer writer;

	memory_wipe(login.password, sizeof login.password);
	if (!good)
		return false;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_identity(&writer, &answer);
	work_answer(work, &writer, -1);
	return true;
}

static bool shed_sender(struct work *work)
{
	struct message_sender ask;
	struct message_sender_answer answer = { .outcome = OUTCOME_TEMP };
	char memory[1024];
	struct wire_writer writer;

	if (!message_get_sender(work_body(work), &ask))
		return false;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_sender_answer(&writer, &answer);
	work_answer(work, &writer, -1);
	return true;
}

bool directory_shed(struct work *work)
{
	if (work->permit->kind == MESSAGE_SENDER)
		return shed_sender(work);
	if (work->permit->kind == MESSAGE_RESOLVE)
		return shed_resolve(work);
	return work->permit->kind == MESSAGE_LOGIN && shed_login(work);
}

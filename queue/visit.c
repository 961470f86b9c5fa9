/* SPDX-License-Identifier: ISC */
/* Reading the files beside a running gateway: a file may go between its name and its opening. */
#include "queue/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "queue/queue_private.h"
#include "queue/scan.h"

struct visit {
	int root, server, directory;
	bool stop;
	bool (*each)(void *context, const struct queue_message *message, int fd);
	void *context;
};

static bool visit_file(void *context, const char *name)
{
	struct visit *visit = context;
	struct queue_message *message;
	char id[QUEUE_ID_SIZE];
	uint64_t size;
	int fd;

	if (!record_name_parse(name, id, &size))
		return true;
	fd = openat(visit->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return true;
	message = queue_message_read(fd, name);
	if (message != NULL)
		visit->stop = !visit->each(visit->context, message, fd);
	queue_message_free(message);
	close(fd);
	return !visit->stop;
}

static bool visit_directory(void *context, const char *name)
{
	struct visit *visit = context;

	if (strlen(name) != 2 || strspn(name, "0123456789abcdef") != 2)
		return true;
	visit->directory =
		openat(visit->server, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (visit->directory < 0)
		return true;
	(void)directory_scan(visit->directory, visit_file, visit);
	close(visit->directory);
	return !visit->stop;
}

static bool visit_server(void *context, const char *name)
{
	struct visit *visit = context;

	if (name[0] == '.')
		return true;
	visit->server = openat(visit->root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (visit->server < 0)
		return true;
	(void)directory_scan(visit->server, visit_directory, visit);
	close(visit->server);
	return !visit->stop;
}

bool queue_visit(const char *root,
		 bool (*each)(void *context, const struct queue_message *message, int fd),
		 void *context, struct queue_failure *failure)
{
	struct visit visit = { .each = each, .context = context };
	bool good;

	visit.root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	good = visit.root >= 0 && directory_scan(visit.root, visit_server, &visit);
	if (!good)
		(void)queue_failure_errno(failure, errno, "cannot read %s", root);
	if (visit.root >= 0)
		close(visit.root);
	return good;
}

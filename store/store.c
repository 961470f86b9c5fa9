/* SPDX-License-Identifier: ISC */
#include "store/store_private.h"

#include "base/memory.h"
#include "base/table.h"
#include "store/drop_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECOUNTS_MAX 10000
#define WIRES_MAX    100000
#define INDEX_OCTETS ((size_t)128 << 20)

/* Like mkdir -p; only the last directory is made durable by its owner. */
static int directory_make(const char *path)
{
	char *copy = memory_text(path);
	int result = 0;

	for (char *slash = strchr(copy + 1, '/'); result == 0 && slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		result = mkdir(copy, 0711) == 0 || errno == EEXIST ? 0 : -1;
		*slash = '/';
	}
	free(copy);
	if (result == 0 && mkdir(path, 0700) != 0 && errno != EEXIST)
		result = -1;
	return result;
}

static int subdirectory_open(struct store *store, const char *name)
{
	if (mkdirat(store->root_fd, name, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(store->root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void host_find(struct store *store)
{
	char name[256] = "";

	(void)gethostname(name, sizeof name - 1);
	maildir_host(name, store->host);
}

static void spool_probe(struct store *store)
{
	int fd = openat(store->spool_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	atomic_store(&store->named_spool, fd < 0);
	atomic_store(&store->name_first, fd >= 0 && links_need_inode(store->spool_fd));
	if (fd >= 0)
		close(fd);
}

static struct drop_index *index_new(int root)
{
	struct rlimit limit;
	size_t listings = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (size_t)limit.rlim_cur / 8 : 0;

	return drop_index_new(INDEX_OCTETS, listings, root);
}

static enum outcome directories_open(struct store *store, const char *queue,
				     struct store_failure *failure)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	if (directory_make(store->root) != 0)
		return failure_errno(failure, errno, "cannot make or reach %s", store->root);
	store->root_fd = open(store->root, flags);
	if (store->root_fd < 0)
		return failure_errno(failure, errno, "cannot open %s", store->root);
	store->id_fd = subdirectory_open(store, ".id");
	store->spool_fd = store->id_fd < 0 ? -1 : subdirectory_open(store, ".spool");
	if (store->spool_fd < 0 || fsync(store->root_fd) != 0)
		return failure_errno(failure, errno, "cannot open .id and .spool in %s",
				     store->root);
	if (queue != NULL && queue[0] != '\0' && directory_make(queue) != 0)
		return failure_errno(failure, errno, "cannot make or reach %s", queue);
	return OUTCOME_OK;
}

struct store *store_open(const char *root, const char *queue, struct store_failure *failure)
{
	struct store *store = memory_new(sizeof *store);

	failure_clear(failure);
	store->root = memory_text(root);
	store->root_fd = store->id_fd = store->spool_fd = store->run_fd = -1;
	pthread_mutex_init(&store->create, NULL);
	pthread_mutex_init(&store->memory, NULL);
	for (size_t i = 0; i < QUOTA_STRIPES; i++)
		pthread_mutex_init(&store->quota[i], NULL);
	store->recounts = table_new(RECOUNTS_MAX, free);
	store->wires = table_new(WIRES_MAX, free);
	store->drops = drop_locks_new();
	store->sync = sync_group_new();
	host_find(store);
	if (directories_open(store, queue, failure) == OUTCOME_OK &&
	    store_recover(store, failure) == OUTCOME_OK) {
		store->index = index_new(store->root_fd);
		spool_probe(store);
		if (!atomic_load(&store->named_spool))
			spread_open(&store->spread, store->spool_fd);
		return store;
	}
	if (store->run_fd >= 0)
		close(store->run_fd);
	store->run_fd = -1; /* so that a store that never opened is not called clean */
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_mark_clean(store);
	for (size_t i = 0; i < 4; i++) {
		int fd = (int[]){ store->run_fd, store->spool_fd, store->id_fd, store->root_fd }[i];

		if (fd >= 0)
			close(fd);
	}
	spread_close(&store->spread);
	drop_index_free(store->index);
	sync_group_free(store->sync);
	drop_locks_free(store->drops);
	table_free(store->wires);
	table_free(store->recounts);
	for (size_t i = 0; i < QUOTA_STRIPES; i++)
		pthread_mutex_destroy(&store->quota[i]);
	pthread_mutex_destroy(&store->memory);
	pthread_mutex_destroy(&store->create);
	free(store->root);
	free(store);
}

void store_on_warning(struct store *store, const struct store_warning *warning)
{
	store->warning = *warning;
}

void store_warn_again(struct store *store, unsigned seconds)
{
	atomic_store(&store->warn_again, seconds);
}

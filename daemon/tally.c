/* SPDX-License-Identifier: ISC */
#include "daemon/tally.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "io/tls.h"

enum { HASHES = 3, BUCKETS = 65536, KEY_SIZE = 32, PROCESSES_MAX = 256 };

struct row {
	_Atomic uint32_t servers[TALLY_SERVERS];
	_Atomic uint32_t addresses[HASHES][BUCKETS];
};

struct tally {
	struct row *rows; /* shared; the key comes behind the last */
	size_t size;
	uint32_t processes, own;
	char key[KEY_SIZE];
};

static size_t tally_size(uint32_t processes)
{
	return processes * sizeof(struct row) + KEY_SIZE;
}

int tally_file(uint32_t processes)
{
	unsigned char key[KEY_SIZE];
	int fd = memfd_create("tally", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	random_bytes(key, sizeof key);
	/* Sealed: a process that cut it would end the others. */
	if (fd >= 0 && processes <= PROCESSES_MAX &&
	    pwrite(fd, key, sizeof key, (off_t)(processes * sizeof(struct row))) ==
		    (ssize_t)sizeof key &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

struct tally *tally_open(int fd, uint32_t processes, uint32_t own)
{
	struct stat status;
	size_t size = tally_size(processes);
	void *rows = MAP_FAILED;
	struct tally *tally;

	if (own < processes && fstat(fd, &status) == 0 && (uint64_t)status.st_size == size)
		rows = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (rows == MAP_FAILED)
		return NULL;
	tally = memory_new(sizeof *tally);
	*tally = (struct tally){ .rows = rows, .size = size, .processes = processes, .own = own };
	memcpy(tally->key, &tally->rows[processes], sizeof tally->key);
	/* Pages never used stay unused; a row is whole pages of 4096 octets. */
	if (madvise(&tally->rows[own], sizeof(struct row), MADV_REMOVE) < 0)
		memset((void *)&tally->rows[own], 0, sizeof(struct row));
	return tally;
}

void tally_close(struct tally *tally)
{
	if (!tally)
		return;
	munmap(tally->rows, tally->size);
	free(tally);
}

unsigned tally_server(struct tally *tally, size_t server, int step)
{
	unsigned sum = 0;

	if (server >= TALLY_SERVERS)
		return 0;
	atomic_fetch_add(&tally->rows[tally->own].servers[server], (uint32_t)step);
	for (uint32_t i = 0; i < tally->processes; i++)
		sum += atomic_load(&tally->rows[i].servers[server]);
	return sum;
}

unsigned tally_address(struct tally *tally, size_t server, const char *address, int step)
{
	unsigned char hash[MAC_SIZE];
	unsigned smallest = UINT32_MAX;
	char text[80];

	snprintf(text, sizeof text, "%zu %s", server, address);
	mac_sha256(span_make(tally->key, sizeof tally->key), span_text(text), hash);
	for (size_t n = 0; n < HASHES; n++) {
		size_t bucket = (size_t)hash[2 * n] << 8 | hash[2 * n + 1];
		unsigned sum = 0;

		atomic_fetch_add(&tally->rows[tally->own].addresses[n][bucket], (uint32_t)step);
		for (uint32_t i = 0; i < tally->processes; i++)
			sum += atomic_load(&tally->rows[i].addresses[n][bucket]);
		if (sum < smallest)
			smallest = sum;
	}
	return smallest;
}

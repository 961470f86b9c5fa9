/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/master.h"
#include "io/listen.h"

enum { BIND_PATIENCE_MS = 5000 };

static struct listening *listening_find(const struct master *master, const struct conf_listen *listen)
{
	struct listening *listening = master->listenings;

	while (listening &&
	       (listening->port != listen->port || strcmp(listening->address, listen->address) != 0))
		listening = listening->next;
	return listening;
}

int listening_fd(const struct master *master, const struct conf_listen *listen)
{
	struct listening *listening = listening_find(master, listen);

	return listening ? listening->fd : -1;
}

static void advise(int error, char *why, size_t size)
{
	size_t used = strlen(why);
	const char *advice = error == EADDRINUSE    ? ": stop the program that has it (ss -ltnp names it)" :
			     error == EACCES	    ? ": ports below 1024 need root" :
			     error == EADDRNOTAVAIL ? ": this machine has no such address" :
						      "";

	snprintf(why + used, size - used, "%s", advice);
}

/* At the start: a gateway that was killed may be slow to let go of its ports. */
static int bind_patiently(const struct master *master, const struct conf_listen *listen, char *why, size_t size)
{
	static const struct timespec pause = { 0, 50 * 1000 * 1000 };
	int64_t deadline = clock_ms() + (master->generations ? 0 : BIND_PATIENCE_MS);
	int fd;

	while ((fd = listen_bind(listen->address, listen->port, why, size)) < 0 && errno == EADDRINUSE &&
	       clock_ms() < deadline)
		nanosleep(&pause, NULL);
	if (fd < 0)
		advise(errno, why, size);
	return fd;
}

static bool bind_all(struct master *master, const struct conf_listen *listens, size_t count, char *why,
		     size_t size)
{
	for (size_t i = 0; i < count; i++) {
		struct listening *listening;
		int fd;

		if (listening_find(master, &listens[i]))
			continue;
		fd = bind_patiently(master, &listens[i], why, size);
		if (fd < 0)
			return false;
		listening = memory_new(sizeof *listening);
		*listening = (struct listening){ memory_text(listens[i].address), listens[i].port, fd,
						 master->listenings };
		master->listenings = listening;
		log_info("master.listening", LOG_TEXT("address", listening->address),
			 LOG_NUMBER("port", listening->port));
	}
	return true;
}

bool listenings_bind(struct master *master, const struct conf *conf, char *why, size_t size)
{
	for (size_t i = 0; i < conf->smtps_count; i++)
		if (!bind_all(master, conf->smtps[i].listens, conf->smtps[i].listens_count, why, size))
			return false;
	return !conf->pop3.enabled ||
	       bind_all(master, conf->pop3.listens, conf->pop3.listens_count, why, size);
}

static bool names(const struct conf_listen *listens, size_t count, const struct listening *listening)
{
	for (size_t i = 0; i < count; i++)
		if (listens[i].port == listening->port && strcmp(listens[i].address, listening->address) == 0)
			return true;
	return false;
}

static bool conf_names(const struct conf *conf, const struct listening *listening)
{
	for (size_t i = 0; i < conf->smtps_count; i++)
		if (names(conf->smtps[i].listens, conf->smtps[i].listens_count, listening))
			return true;
	return conf->pop3.enabled && names(conf->pop3.listens, conf->pop3.listens_count, listening);
}

void listenings_trim(struct master *master, const struct conf *conf)
{
	for (struct listening **place = &master->listenings; *place;) {
		struct listening *listening = *place;

		if (conf && conf_names(conf, listening)) {
			place = &listening->next;
			continue;
		}
		*place = listening->next;
		close(listening->fd);
		free(listening->address);
		free(listening);
	}
}

/* SPDX-License-Identifier: ISC */
#include "daemon/role.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "io/packet.h"
#include "io/sandbox.h"

enum { CONF_TEXT_MAX = 4 << 20 };

static _Noreturn void role_die(const char *why)
{
	log_error("role.failed", LOG_TEXT("why", why));
	_exit(1);
}

char *role_read_all(int fd, size_t limit, size_t *length)
{
	struct stat status;
	char *text = NULL;
	size_t used = 0;

	if (fstat(fd, &status) == 0 && status.st_size >= 0 && (uint64_t)status.st_size <= limit) {
		text = memory_new((size_t)status.st_size + 1);
		while (used < (size_t)status.st_size) {
			ssize_t count = pread(fd, text + used, (size_t)status.st_size - used, (off_t)used);

			if (count <= 0)
				break;
			used += (size_t)count;
		}
		if (used < (size_t)status.st_size) {
			free(text);
			text = NULL;
		}
	}
	close(fd);
	*length = used;
	return text;
}

static void complain_to_log(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	log_error("conf.error", LOG_TEXT("file", file), LOG_NUMBER("line", line), LOG_TEXT("text", text));
}

void role_begin(struct role_start *begin, enum role role, const char *conf_name)
{
	static char memory[PACKET_BODY_MAX];
	struct packet packet;
	size_t length;
	char *text;

	/* ^C at a terminal reaches the whole group, but the master alone ends the roles, in order. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	begin->parent = getppid();
	tzset(); /* reads the zone's file while there is one to read */
	begin->role = role;
	begin->control = ROLE_CONTROL_FD;
	if (packet_receive(begin->control, memory, &packet) != PACKET_OK || packet.kind != MESSAGE_START ||
	    packet.fd < 0 || !message_get_start(packet.body, &begin->start))
		role_die("this is started by the master only");
	memory_wipe(memory, sizeof memory);
	text = role_read_all(packet.fd, CONF_TEXT_MAX, &length);
	if (!text)
		role_die("the configuration could not be read from the master");
	begin->conf = conf_parse(conf_name, text, complain_to_log, NULL);
	free(text);
	if (!begin->conf)
		role_die("the configuration does not parse");
	log_open(role_name(role), (enum log_level)begin->conf->log.level,
		 begin->conf->log.to == CONF_LOG_SYSLOG ? LOG_FORM_SYSLOG : LOG_FORM_LINE);
}

/* The master's death must not leave roles behind that nobody restarts or stops. */
static bool role_stay_bound(const struct role_start *begin)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user clears it */
	if (getppid() != begin->parent)
		role_die("the master is gone");
	return true;
}

void role_confine(const struct role_start *begin, const char *chroot)
{
	static const enum sandbox_role filters[ROLE_COUNT] = {
		[ROLE_FRONTEND] = SANDBOX_FRONTEND,
		[ROLE_DIRECTORY] = SANDBOX_DIRECTORY,
		[ROLE_STORE] = SANDBOX_STORE,
		[ROLE_LOCAL] = SANDBOX_LOCAL,
		[ROLE_RELAY] = SANDBOX_RELAY,
		[ROLE_RESOLVER] = SANDBOX_RESOLVER,
	};
	char why[300] = "", user[128];
	/* winbind lets nobody else ask whether an NTLM response is right (winbindd(8)). */
	const char *group = begin->role == ROLE_DIRECTORY && conf_uses_ntlm(begin->conf) ? "winbindd_priv" : NULL;

	snprintf(user, sizeof user, "%s-%s", begin->conf->user_prefix, role_user(begin->role));
	if (!sandbox_enter(geteuid() == 0 ? user : NULL, chroot, group, why, sizeof why) ||
	    !role_stay_bound(begin) || !sandbox_filter(filters[begin->role], why, sizeof why))
		role_die(why);
}

void role_ready(const struct role_start *begin)
{
	struct packet packet = { .kind = MESSAGE_READY, .fd = -1, .body = span_text("") };

	if (packet_send(begin->control, &packet) != PACKET_OK)
		role_die("the master does not listen");
}

void role_take_log(enum role role, const struct packet *packet)
{
	uint32_t level, form;

	if (packet->fd < 0)
		return;
	dup2(packet->fd, STDERR_FILENO);
	if (packet->fd != STDERR_FILENO)
		close(packet->fd);
	if (message_get_pair(packet->body, &level, &form) && level <= LOG_LEVEL_DEBUG)
		log_open(role_name(role), (enum log_level)level,
			 form == LOG_FORM_SYSLOG ? LOG_FORM_SYSLOG : LOG_FORM_LINE);
}

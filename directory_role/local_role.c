/* SPDX-License-Identifier: ISC */
/*
 * The local role (method local): answers "is this the password of that account of
 * the system" and nothing else. For each directory role it is introduced to it keeps
 * a few checkers, processes of one thread, because PAM modules are made for such;
 * they take questions from one channel and answer into it. A checker that a module
 * crashed is replaced.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/pam.h"
#include "daemon/role.h"
#include "io/packet.h"

enum { CHECKERS = 4, CHANNELS = 16, MOMENT_MS = 100 };

struct channel_of { /* of one directory role */
	int fd;     /* -1: none */
	pid_t checkers[CHECKERS];
	bool over; /* the directory role is gone */
};

static struct {
	const struct role_start *begin;
	struct channel_of channels[CHANNELS];
	int deaths; /* signalfd */
	sigset_t before;
	bool due; /* a checker is to be started, a moment after one died */
} local;

static bool answer_one(int fd, char memory[PACKET_BODY_MAX])
{
	struct message_prove prove;
	struct message_proof proof;
	struct packet packet;
	char answer[256];
	struct wire_writer writer;

	if (packet_receive(fd, memory, &packet) != PACKET_OK || packet.kind != MESSAGE_PROVE ||
	    packet.fd >= 0 || !message_get_prove(packet.body, &prove))
		return false;
	pam_prove(local.begin->conf->pam_service, &prove, &proof);
	memory_wipe(&prove, sizeof prove);
	memory_wipe(memory, packet.body.length);
	wire_writer_init(&writer, answer, sizeof answer);
	message_put_proof(&writer, &proof);
	packet = (struct packet){ .kind = MESSAGE_PROVE,
				  .id = packet.id,
				  .fd = -1,
				  .body = span_make(answer, writer.used) };
	return packet_send(fd, &packet) == PACKET_OK;
}

static _Noreturn void checker_run(int fd, pid_t parent)
{
	char *memory = memory_new(PACKET_BODY_MAX);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (size_t i = 0; i < CHANNELS; i++)
		if (local.channels[i].fd >= 0 && local.channels[i].fd != fd)
			close(local.channels[i].fd);
	close(local.begin->control);
	close(local.deaths);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &local.before, NULL);
	while (answer_one(fd, memory))
		;
	_exit(0);
}

static void checkers_start(struct channel_of *channel)
{
	pid_t parent = getpid();

	for (size_t i = 0; i < CHECKERS && !channel->over; i++) {
		if (channel->checkers[i] > 0)
			continue;
		channel->checkers[i] = fork();
		if (channel->checkers[i] == 0)
			checker_run(channel->fd, parent);
		if (channel->checkers[i] < 0) {
			log_error("local.checker", LOG_TEXT("why", strerror(errno)));
			channel->checkers[i] = 0;
			local.due = true;
		}
	}
}

static void channel_take(int fd)
{
	for (size_t i = 0; i < CHANNELS; i++)
		if (local.channels[i].fd < 0) {
			local.channels[i] = (struct channel_of){ .fd = fd };
			checkers_start(&local.channels[i]);
			return;
		}
	log_error("local.channels", LOG_NUMBER("most", CHANNELS));
	close(fd);
}

/* Checkers end by themselves when the directory role is gone; the last one takes the channel along.
 */
static void checker_ended(struct channel_of *channel, size_t which, int status)
{
	size_t living = 0;

	channel->checkers[which] = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		channel->over = true;
	} else {
		log_error("local.checker", LOG_TEXT("by", WIFSIGNALED(status) ? "signal" : "exit"),
			  LOG_NUMBER("code",
				     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
		local.due = true;
	}
	for (size_t i = 0; i < CHECKERS; i++)
		living += channel->checkers[i] > 0;
	if (channel->over && living == 0) {
		close(channel->fd);
		channel->fd = -1;
	}
}

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(local.deaths, &info, sizeof info) < 0 && errno != EAGAIN)
		memory_die("a signalfd failed");
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < CHANNELS * CHECKERS; i++)
			if (local.channels[i / CHECKERS].checkers[i % CHECKERS] == pid)
				checker_ended(&local.channels[i / CHECKERS], i % CHECKERS, status);
}

/* False: the master is gone or wants an end. */
static bool listen_to_master(char memory[PACKET_BODY_MAX])
{
	struct message_peer peer;
	struct packet packet;

	if (packet_receive(local.begin->control, memory, &packet) != PACKET_OK)
		return false;
	if (packet.kind == MESSAGE_PEER && packet.fd >= 0 && message_get_peer(packet.body, &peer) &&
	    peer.role == ROLE_DIRECTORY)
		channel_take(packet.fd);
	else if (packet.kind == MESSAGE_LOG)
		role_take_log(ROLE_LOCAL, &packet);
	else if (packet.fd >= 0)
		close(packet.fd);
	return packet.kind != MESSAGE_DRAIN;
}

static void deaths_watch(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &local.before);
	local.deaths = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (local.deaths < 0)
		memory_die("no signalfd");
}

int local_main(struct role_start *begin)
{
	char *memory = memory_new(PACKET_BODY_MAX);
	bool over = false;

	local.begin = begin;
	for (size_t i = 0; i < CHANNELS; i++)
		local.channels[i].fd = -1;
	role_confine(begin, "");
	deaths_watch();
	role_ready(begin);
	while (!over) {
		struct pollfd polls[] = { { .fd = begin->control, .events = POLLIN },
					  { .fd = local.deaths, .events = POLLIN } };

		if (poll(polls, 2, local.due ? MOMENT_MS : -1) == 0) {
			local.due = false;
			for (size_t i = 0; i < CHANNELS; i++)
				if (local.channels[i].fd >= 0)
					checkers_start(&local.channels[i]);
		}
		if (polls[1].revents)
			reap();
		if (polls[0].revents)
			over = !listen_to_master(memory);
	}
	free(memory);
	return 0; /* checkers die with us */
}

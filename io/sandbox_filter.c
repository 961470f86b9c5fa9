/* SPDX-License-Identifier: ISC */
/*
 * The seccomp filters. Frontend, relay and resolver, to whom strangers speak, have
 * lists of what they may do and die on all else; the roles that live with large libraries have a list of what nobody but an
 * intruder would do there.
 */
#include "io/sandbox.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CALL(name)   SCMP_SYS(name)

/* ---- frontend, relay, resolver: a list of what is permitted ---- */

/* clang-format off */
static const int loop_calls[] = {
	/* descriptors it has */
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64), CALL(pwrite64),
	CALL(preadv), CALL(pwritev), CALL(recvmsg), CALL(recvfrom), CALL(accept4),
	CALL(shutdown), CALL(close), CALL(dup), CALL(lseek), CALL(fstat), CALL(ftruncate),
	CALL(sendfile), CALL(getsockname), CALL(getpeername), CALL(getsockopt),
	/* the loop */
	CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2), CALL(epoll_ctl),
	CALL(epoll_create1), CALL(poll), CALL(ppoll), CALL(timerfd_create),
	CALL(timerfd_settime), CALL(timerfd_gettime), CALL(eventfd2),
	/* memory; pages that could be executed are refused below */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise),
	/* time, chance, who am I */
	CALL(clock_gettime), CALL(clock_getres), CALL(gettimeofday), CALL(time), CALL(nanosleep),
	CALL(clock_nanosleep), CALL(getrandom), CALL(getpid), CALL(gettid), CALL(getppid),
	CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getresuid),
	CALL(getresgid),
	/* the C library */
	CALL(futex), CALL(rt_sigreturn), CALL(rt_sigprocmask), CALL(rt_sigaction),
	CALL(sigaltstack), CALL(sched_yield), CALL(rseq), CALL(set_robust_list),
	CALL(restart_syscall), CALL(exit), CALL(exit_group),
};
/* clang-format on */

/* A call permitted when one argument has the value `value` in the bits of `mask`. */
struct condition {
	int call;
	unsigned argument;
	uint64_t mask, value;
};

#define ALL UINT64_MAX

static const struct condition conditions[] = {
	{ CALL(mmap), 2, PROT_EXEC, 0 },
	{ CALL(mprotect), 2, PROT_EXEC, 0 },
	/* glibc's fstat; a path would be the file system */
	{ CALL(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ CALL(fcntl), 1, ALL, F_GETFL },
	{ CALL(fcntl), 1, ALL, F_SETFL },
	{ CALL(fcntl), 1, ALL, F_GETFD },
	{ CALL(fcntl), 1, ALL, F_SETFD },
	{ CALL(fcntl), 1, ALL, F_DUPFD_CLOEXEC },
	/* whether memory that another role shares can change */
	{ CALL(fcntl), 1, ALL, F_GET_SEALS },
	/* on connected sockets only: no address */
	{ CALL(sendto), 4, ALL, 0 },
	/* MSG_FASTOPEN would be a connect(); without it an address means nothing to a stream */
	{ CALL(sendmsg), 2, MSG_FASTOPEN, 0 },
	/* the log, given anew: onto descriptor 2 and no other */
	{ CALL(dup2), 1, ALL, STDERR_FILENO },
	{ CALL(dup3), 1, ALL, STDERR_FILENO },
	/* reading limits, of oneself */
	{ CALL(prlimit64), 2, ALL, 0 },
	{ CALL(ioctl), 1, ALL, FIONREAD },
	{ CALL(ioctl), 1, ALL, FIONBIO },
};

/* Level and name. */
static const int socket_options[][2] = {
	{ IPPROTO_TCP, -1 },         { SOL_SOCKET, SO_KEEPALIVE }, { SOL_SOCKET, SO_LINGER },
	{ SOL_SOCKET, SO_SNDBUF },   { SOL_SOCKET, SO_RCVBUF },    { SOL_SOCKET, SO_SNDTIMEO },
	{ SOL_SOCKET, SO_RCVTIMEO },
};

static int permit_loop(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < COUNT(loop_calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, loop_calls[i], 0);
	for (size_t i = 0; i < COUNT(conditions) && result == 0; i++) {
		const struct condition *c = &conditions[i];
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, c->call, 1,
			SCMP_CMP64(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value));
	}
	return result;
}

static int permit_options(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < COUNT(socket_options) && result == 0; i++) {
		const struct scmp_arg_cmp level =
			SCMP_A1_64(SCMP_CMP_EQ, (uint64_t)socket_options[i][0]);
		const struct scmp_arg_cmp name =
			SCMP_A2_64(SCMP_CMP_EQ, (uint64_t)socket_options[i][1]);
		if (socket_options[i][1] < 0)
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(setsockopt), 1,
						  level);
		else
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(setsockopt), 2,
						  level, name);
	}
	return result;
}

static int frontend_rules(scmp_filter_ctx filter)
{
	int result = permit_loop(filter);

	if (result == 0)
		result = permit_options(filter);
	/* abort() signals its own process, nobody else. */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(tgkill), 1,
					  SCMP_A0_64(SCMP_CMP_EQ, (uint64_t)getpid()));
	/* stdio asks whether its output is a terminal. */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), CALL(ioctl), 1,
					  SCMP_A1_64(SCMP_CMP_EQ, TCGETS));
	return result;
}

/* ---- relay and resolver: the same, and connections of their own ---- */

/* clang-format off */
/* Libraries look for files of theirs and go on without; in an empty root there are none. */
static const int file_calls[] = {
	CALL(open), CALL(openat), CALL(stat), CALL(lstat), CALL(statx), CALL(access), CALL(faccessat),
	CALL(faccessat2), CALL(readlink), CALL(readlinkat),
};
/* clang-format on */

static int permit_sockets(scmp_filter_ctx filter, uint64_t type)
{
	static const uint64_t families[] = { AF_INET, AF_INET6 };
	int result = 0;

	for (size_t i = 0; i < COUNT(families) && result == 0; i++)
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, CALL(socket), 2,
			SCMP_A0_64(SCMP_CMP_EQ, families[i]),
			SCMP_A1_64(SCMP_CMP_MASKED_EQ,
				   ~(uint64_t)(SOCK_NONBLOCK | SOCK_CLOEXEC), type));
	return result;
}

static int refuse_files(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < COUNT(file_calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOENT), file_calls[i], 0);
	/* By a path; of a descriptor it is permitted. */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOENT), CALL(newfstatat), 1,
					  SCMP_A3_64(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0));
	return result;
}

static int relay_rules(scmp_filter_ctx filter)
{
	int result = frontend_rules(filter);

	if (result == 0)
		result = permit_sockets(filter, SOCK_STREAM);
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(connect), 0);
	if (result == 0)
		result = refuse_files(filter);
	return result;
}

/* libunbound: UDP from ports it chooses, TCP by TCP Fast Open; libcurl: TCP. */
static int resolver_rules(scmp_filter_ctx filter)
{
	static const int calls[] = { CALL(bind), CALL(setsockopt), CALL(sendmsg) };
	int result = relay_rules(filter);

	if (result == 0)
		result = permit_sockets(filter, SOCK_DGRAM);
	for (size_t i = 0; i < COUNT(calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	/* Datagrams go to an address; the frontend's rule permits those without. */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(sendto), 1,
					  SCMP_A4_64(SCMP_CMP_NE, 0));
	return result;
}

/* ---- directory, store and local: a list of what is not ---- */

enum { EXEC_CALLS = 2 }; /* the first ones */

/* clang-format off */
static const int killed_calls[] = {
	CALL(execve), CALL(execveat), CALL(ptrace), CALL(process_vm_readv),
	CALL(process_vm_writev), CALL(process_madvise), CALL(pidfd_getfd), CALL(kcmp),
	CALL(mount), CALL(umount2), CALL(mount_setattr), CALL(move_mount), CALL(open_tree),
	CALL(fsopen), CALL(fsmount), CALL(fsconfig), CALL(fspick), CALL(pivot_root),
	CALL(chroot), CALL(init_module), CALL(finit_module), CALL(delete_module),
	CALL(kexec_load), CALL(kexec_file_load), CALL(bpf), CALL(perf_event_open),
	CALL(userfaultfd), CALL(unshare), CALL(setns), CALL(reboot), CALL(swapon), CALL(swapoff),
	CALL(iopl), CALL(ioperm), CALL(modify_ldt), CALL(personality), CALL(acct),
	CALL(quotactl), CALL(settimeofday), CALL(clock_settime), CALL(clock_adjtime),
	CALL(adjtimex), CALL(sethostname), CALL(setdomainname), CALL(syslog), CALL(vhangup),
	CALL(lookup_dcookie), CALL(open_by_handle_at), CALL(io_uring_setup),
	CALL(io_uring_enter), CALL(io_uring_register),
};
/* clang-format on */

/* Kerberos libraries may look for tickets in the kernel's keyring, and go on without. */
static const int refused_calls[] = { CALL(keyctl), CALL(add_key), CALL(request_key) };

/* In a user namespace of his own an intruder would be root again. */
static const uint64_t namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
				       CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP };

static int namespace_rules(scmp_filter_ctx filter)
{
	/* The arguments of clone3 lie in memory, where no filter sees them; without it glibc uses
	 * clone. */
	int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);

	for (size_t i = 0; i < COUNT(namespaces) && result == 0; i++)
		result = seccomp_rule_add(
			filter, SCMP_ACT_KILL_PROCESS, CALL(clone), 1,
			SCMP_A0_64(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	return result;
}

/* PAM modules start helpers; nobody they need to speak to is on another machine. */
static int local_rules(scmp_filter_ctx filter)
{
	static const uint64_t families[] = { AF_INET, AF_INET6, AF_PACKET };
	int result = 0;

	for (size_t i = 0; i < COUNT(families) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), CALL(socket), 1,
					  SCMP_A0_64(SCMP_CMP_EQ, families[i]));
	return result;
}

static int worker_rules(scmp_filter_ctx filter, bool local)
{
	int result = local ? local_rules(filter) : 0;

	if (result == 0)
		result = namespace_rules(filter);
	for (size_t i = local ? EXEC_CALLS : 0; i < COUNT(killed_calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, killed_calls[i], 0);
	for (size_t i = 0; i < COUNT(refused_calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused_calls[i], 0);
	return result;
}

/* ---- loading ---- */

/* Calls in another numbering (32-bit, x32) are of a bad architecture, whatever the role. */
static int filter_load(enum sandbox_role role)
{
	bool listed = role == SANDBOX_FRONTEND || role == SANDBOX_RELAY || role == SANDBOX_RESOLVER;
	scmp_filter_ctx filter = seccomp_init(listed ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW);

	if (!filter)
		return -ENOMEM;
	int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* Workers have threads; all of them are to be held. */
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result == 0)
		result = role == SANDBOX_FRONTEND   ? frontend_rules(filter)
			 : role == SANDBOX_RELAY    ? relay_rules(filter)
			 : role == SANDBOX_RESOLVER ? resolver_rules(filter)
						    : worker_rules(filter, role == SANDBOX_LOCAL);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}

bool sandbox_filter(enum sandbox_role role, char *why, size_t size)
{
	/* These open files, map code and trace the process to report what they find. */
	if (SANITIZED || RUNNING_ON_VALGRIND) {
		log_warning("sandbox.no_filter",
			    LOG_TEXT("cause", SANITIZED ? "built with a sanitizer" : "valgrind"));
		return true;
	}
	int result = filter_load(role);
	if (result == 0)
		return true;
	snprintf(why, size, "cannot load the system call filter: %s",
		 strerror(result < 0 ? -result : result));
	return false;
}

/* SPDX-License-Identifier: ISC */
/*
 * What a role gives up for good. Steps that need root are skipped when the
 * process is not root (development, tests); everything else always happens.
 */
#ifndef IO_SANDBOX_H
#define IO_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

enum sandbox_role {
	SANDBOX_FRONTEND,
	SANDBOX_DIRECTORY,
	SANDBOX_STORE,
	SANDBOX_LOCAL,
	SANDBOX_RELAY,
	SANDBOX_RESOLVER
};

/*
 * user: whom to become (NULL: stay). chroot: an existing empty directory ("": none; only as root).
 * Supplementary groups become those of the user and, unless NULL, `group`. Sets no_new_privs, no core dumps, not dumpable.
 * False with *why.
 */
bool sandbox_enter(const char *user, const char *chroot, const char *group, char *why, size_t size);
/*
 * The seccomp filter of the role: SANDBOX_FRONTEND permits an event loop on descriptors it has or is given
 * (read, write, sendmsg, recvmsg, accept4, epoll, pread, fstat, mmap without PROT_EXEC, futex, clock, getrandom,
 * exit ...) and kills the process on anything else: no open, no socket, no connect, no exec, no ptrace. SANDBOX_LOCAL may start programs, because PAM modules have helpers, and may not
 * open connections to other machines. SANDBOX_RELAY is the frontend's and opens TCP connections besides;
 * SANDBOX_RESOLVER opens UDP besides, and binds. A file that a library of these two looks for is
 * not there (ENOENT). The others
 * permit what their libraries need and kill on exec, ptrace, mount, module calls, new namespaces, bpf, and the
 * like; keyring calls fail with EPERM. The event base of a frontend, a relay or a resolver must exist before (epoll, pipe, socketpair).
 * Under the address and thread sanitizers and valgrind there is no filter, which is logged. False with *why.
 */
bool sandbox_filter(enum sandbox_role role, char *why, size_t size);

#endif

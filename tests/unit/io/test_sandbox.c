/* SPDX-License-Identifier: ISC */
#include "tests/unit/io/peer.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "io/listen.h"
#include "io/packet.h"
#include "io/sandbox.h"
#include "io/stream.h"

#include <event2/event.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* With these there is no filter: see sandbox_filter. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTERED false
#else
#define FILTERED (!RUNNING_ON_VALGRIND)
#endif

/* Runs in a child; its exit code is the result, 0 = as wanted. */
typedef int (*deed)(void);

static int status_of(deed before, deed after, int role)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		char why[200] = "";

		signal(SIGALRM, SIG_DFL);
		alarm(300);
		if (before && before() != 0)
			_exit(100);
		if (role >= 0 && !sandbox_filter((enum sandbox_role)role, why, sizeof(why))) {
			(void)!write(2, why, strlen(why));
			_exit(101);
		}
		_exit(after());
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* ---- what a frontend does ---- */

static struct pem pem;
static struct event_base *base;
static struct tls_server *tls;
static int listening, ends[2], packets[2], file;

static int prepare(void)
{
	char why[200], name[] = "/tmp/postern-test-XXXXXX";

	base = event_base_new();
	tls = pem_server(&pem);
	listening = listen_bind("127.0.0.1", 0, why, sizeof(why));
	file = mkstemp(name);
	unlink(name);
	pair_new(true, 0, ends);
	return packet_pair(packets) && listening >= 0 && file >= 0 && base ? 0 : 1;
}

static int enter_as_is(void)
{
	struct rlimit limit;
	char why[200] = "";
	uid_t before = getuid();

	if (!sandbox_enter(NULL, "", NULL, why, sizeof(why)) || getuid() != before)
		return 1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0)
		return 2;
	return getrlimit(RLIMIT_CORE, &limit) || limit.rlim_max != 0 ? 3 : 0;
}

static int secured_count, answered;

static size_t echo(void *owner, const char *bytes, size_t length)
{
	struct stream **stream = owner;

	stream_write(*stream, bytes, length);
	stream_finish(*stream);
	return length;
}

static void secured(void *owner, const char *version, const char *cipher)
{
	(void)owner;
	(void)version;
	(void)cipher;
	secured_count++;
}

static void gone(void *owner, const char *why)
{
	(void)owner;
	(void)why;
	event_base_loopbreak(base);
}

static const struct stream_calls calls = { .input = echo, .secured = secured, .gone = gone };

static void on_accepted(void *context, int fd, const char *address)
{
	(void)context;
	(void)fd;
	(void)address;
}

static void on_answer(void *context, enum channel_result result, const struct packet *packet)
{
	(void)context;
	if (packet && packet->fd >= 0)
		close(packet->fd);
	answered += result == CHANNEL_ANSWERED;
}

/* The client of the TLS stream is a process without a filter. */
static pid_t client;

static int prepare_with_client(void)
{
	int result = prepare();

	client = fork();
	if (client == 0) {
		struct peer peer = { .fd = ends[1] };

		close(ends[0]);
		_exit(!(peer_handshake(&peer, NULL) && peer_say(&peer, "hi\r\n") &&
			peer_expect(&peer, "hi\r\n")));
	}
	close(ends[1]);
	return result;
}

static int a_session(void)
{
	struct stream *stream;
	char why[200];

	struct listener *listener = listener_new(base, listening, on_accepted, NULL);
	struct channel *channel = channel_new(base, packets[0], NULL, NULL, NULL);
	uint32_t ask = channel_ask(channel, 1, span_text("x"), file, 5000, on_answer, NULL);
	struct packet answer = { .kind = 2, .id = ask, .fd = file, .body = span_text("y") };
	if (packet_send(packets[1], &answer) != PACKET_OK)
		return 2;
	/* A reload brings a new certificate. */
	struct tls_server *fresh =
		tls_server_new(span_make(pem.certificate.data, pem.certificate.size),
			       span_make(pem.key.data, pem.key.size), why, sizeof(why));
	if (!fresh)
		return 3;
	stream = stream_new(base, ends[0], &calls, &stream, 60);
	stream_start_tls(stream, fresh);
	event_base_dispatch(base);
	event_base_loop(base, EVLOOP_NONBLOCK);
	stream_free(stream);
	tls_server_free(fresh);
	tls_server_free(tls);
	channel_free(channel);
	listener_free(listener);
	return secured_count == 1 && answered == 1 ? 0 : 4;
}

static int files_and_memory(void)
{
	struct stat info;
	struct rlimit limit;
	char c = 0;
	off_t at = 0;
	/* The compiler must not know how large it is. */
	volatile size_t size = 3000000;

	if (pwrite(file, "abc", 3, 0) != 3 || pread(file, &c, 1, 1) != 1 || c != 'b' ||
	    write(file, "abc", 3) != 3 || lseek(file, 0, SEEK_SET) != 0 || ftruncate(file, 2) != 0)
		return 1;
	if (fstat(file, &info) != 0 || info.st_size != 2 || sendfile(ends[0], file, &at, 2) != 2)
		return 2;
	char *much = malloc(size);
	memset(much, 1, size);
	much = realloc(much, size * 20);
	free(much);
	void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
	if (map == MAP_FAILED || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 3;
	(void)fcntl(file, F_GET_SEALS); /* of any file it was given */
	int copy = fcntl(file, F_DUPFD_CLOEXEC, 0);
	unsigned char bytes[100];
	random_bytes(bytes, sizeof(bytes));
	mac_sha256(span_text("k"), span_text("b"), bytes);
	return copy < 0 || isatty(file) || clock_ms() == 0 ? 4 : close(copy);
}

static int words(void)
{
	char date[CLOCK_RFC5322_SIZE];
	struct table *table = table_new(10, free);

	table_put(table, span_text("k"), memory_text("v"), 1);
	table_free(table);
	clock_rfc5322(clock_unix(), date);
	log_info("test.line", LOG_TEXT("date", date), LOG_TEXT("error", strerror(ENOENT)));
	return 0;
}

static int give_up(void)
{
	abort();
}

static void test_frontend_works(void **state)
{
	(void)state;
	assert_int_equal(status_of(prepare_with_client, a_session, SANDBOX_FRONTEND), 0);
	assert_int_equal(status_of(prepare, files_and_memory, SANDBOX_FRONTEND), 0);
	assert_int_equal(status_of(enter_as_is, words, SANDBOX_FRONTEND), 0);
	int status = status_of(NULL, give_up, SANDBOX_FRONTEND);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- what is forbidden ---- */

static int do_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static int do_stat(void)
{
	struct stat info;
	return stat("/", &info);
}

static int do_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int do_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 1 };
	return connect(0, (struct sockaddr *)&to, sizeof(to));
}

static int do_sendto(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 1 };
	return (int)sendto(0, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

/* sendmsg with MSG_FASTOPEN connects. */
static int do_fastopen(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 1 };
	struct iovec part = { (char[]){ 'x' }, 1 };
	struct msghdr message = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part,
				  .msg_iovlen = 1 };
	return (int)sendmsg(0, &message, MSG_FASTOPEN);
}

static int do_dup_other(void)
{
	return dup2(2, 5);
}

static int do_exec(void)
{
	char *const arguments[] = { (char *)(uintptr_t) "true", NULL };
	return execve("/bin/true", arguments, arguments + 1);
}

static int do_fork(void)
{
	return fork() == 0 ? 1 : 0;
}

static int do_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int do_kill(void)
{
	return kill(getppid(), 0);
}

static int do_tgkill_other(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int do_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static int do_protect(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int do_unlink(void)
{
	return unlink("/tmp/postern-no-such-file");
}

static int do_setuid(void)
{
	return setuid(0);
}

static int do_filter_socket(void)
{
	return setsockopt(0, SOL_SOCKET, SO_ATTACH_FILTER, "", 0);
}

static int do_setrlimit(void)
{
	struct rlimit limit = { 10, 10 };
	return setrlimit(RLIMIT_NOFILE, &limit);
}

static int do_mount(void)
{
	return (int)syscall(SYS_mount, "a", "b", "c", 0, NULL);
}

static int do_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static int do_clone_namespace(void)
{
	return (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);
}

static int do_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int do_vm_read(void)
{
	return (int)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static int do_x32(void)
{
	return (int)syscall(0x40000000 | SYS_getpid);
}

/* ---- what workers do ---- */

static int do_keyring(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0) == -1 && errno == EPERM ? 0 : 1;
}

static void *thread_main(void *context)
{
	*(int *)context = 0;
	return NULL;
}

static int do_thread(void)
{
	pthread_t thread;
	int result = 1;

	return pthread_create(&thread, NULL, thread_main, &result) || pthread_join(thread, NULL) ||
	       result;
}

static int do_files(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	return fd < 0 || socket(AF_INET, SOCK_STREAM, 0) < 0 || access("/", R_OK);
}

static void test_forbidden(void **state)
{
	static const struct {
		const char *name;
		deed deed;
		bool frontend_only;
	} rows[] = {
		{ "open", do_open, true },
		{ "stat", do_stat, true },
		{ "socket", do_socket, true },
		{ "connect", do_connect, true },
		{ "sendto", do_sendto, true },
		{ "fastopen", do_fastopen, true },
		{ "dup_other", do_dup_other, true },
		{ "fork", do_fork, true },
		{ "kill", do_kill, true },
		{ "tgkill", do_tgkill_other, true },
		{ "code", do_code, true },
		{ "mprotect", do_protect, true },
		{ "unlink", do_unlink, true },
		{ "setuid", do_setuid, true },
		{ "so_filter", do_filter_socket, true },
		{ "setrlimit", do_setrlimit, true },
		{ "execve", do_exec, false },
		{ "ptrace", do_ptrace, false },
		{ "mount", do_mount, false },
		{ "unshare", do_unshare, false },
		{ "clone", do_clone_namespace, false },
		{ "bpf", do_bpf, false },
		{ "vm_read", do_vm_read, false },
		{ "x32", do_x32, false },
	};

	(void)state;
	for (size_t i = 0; FILTERED && i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int role = SANDBOX_FRONTEND; role <= SANDBOX_LOCAL; role++) {
			if ((rows[i].frontend_only && role != SANDBOX_FRONTEND) ||
			    (role == SANDBOX_LOCAL && rows[i].deed == do_exec))
				continue;
			int status = status_of(NULL, rows[i].deed, role);
			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
				fail_msg("%s was not stopped in role %d: %x", rows[i].name, role,
					 status);
		}
	}
}

/* ---- relay and resolver ---- */

static int do_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0;
}

static int do_local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static int do_datagrams(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) >= 0;
}

static int do_bind(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return bind(fd, (struct sockaddr *)&to, sizeof(to));
}

static int do_listen(void)
{
	return listen(socket(AF_INET, SOCK_STREAM, 0), 1);
}

static void test_outward_forbidden(void **state)
{
	static const struct {
		const char *name;
		deed deed;
		bool relay_only;
	} rows[] = {
		{ "datagrams", do_datagrams, true }, { "bind", do_bind, true },
		{ "so_filter", do_filter_socket, true }, { "raw", do_raw_socket, false },
		{ "local", do_local_socket, false }, { "listen", do_listen, false },
		{ "dup_other", do_dup_other, false }, { "fork", do_fork, false },
		{ "kill", do_kill, false },          { "code", do_code, false },
		{ "mprotect", do_protect, false },   { "unlink", do_unlink, false },
		{ "setuid", do_setuid, false },      { "setrlimit", do_setrlimit, false },
		{ "execve", do_exec, false },        { "ptrace", do_ptrace, false },
		{ "mount", do_mount, false },        { "clone", do_clone_namespace, false },
		{ "vm_read", do_vm_read, false },    { "x32", do_x32, false },
	};

	(void)state;
	for (size_t i = 0; FILTERED && i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int role = SANDBOX_RELAY; role <= SANDBOX_RESOLVER; role++) {
			if (rows[i].relay_only && role != SANDBOX_RELAY)
				continue;
			int status = status_of(NULL, rows[i].deed, role);
			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
				fail_msg("%s was not stopped in role %d: %x", rows[i].name, role, status);
		}
}

static int do_connect_out(void)
{
	struct sockaddr_in to = { 0 };
	socklen_t size = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int six = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0 || six < 0 || getsockname(listening, (struct sockaddr *)&to, &size))
		return 1;
	return connect(fd, (struct sockaddr *)&to, size) && errno != EINPROGRESS ? 2 : 0;
}

static int do_find_nothing(void)
{
	struct stat info;

	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != ENOENT)
		return 1;
	if (stat("/", &info) == 0 || errno != ENOENT)
		return 2;
	return access("/", R_OK) == 0 || errno != ENOENT ? 3 : 0;
}

static int do_datagram_out(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return 1;
	to.sin_port = htons(9);
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1;
}

static void test_outward_work(void **state)
{
	(void)state;
	for (int role = SANDBOX_RELAY; FILTERED && role <= SANDBOX_RESOLVER; role++) {
		assert_int_equal(status_of(prepare_with_client, a_session, role), 0);
		assert_int_equal(status_of(prepare, do_connect_out, role), 0);
		assert_int_equal(status_of(NULL, do_find_nothing, role), 0);
	}
	if (FILTERED)
		assert_int_equal(status_of(NULL, do_datagram_out, SANDBOX_RESOLVER), 0);
}

/* ---- what workers do, besides ---- */

static void test_workers_work(void **state)
{
	(void)state;
	for (int role = SANDBOX_DIRECTORY; FILTERED && role <= SANDBOX_STORE; role++) {
		assert_int_equal(status_of(NULL, do_keyring, role), 0);
		assert_int_equal(status_of(NULL, do_thread, role), 0);
		assert_int_equal(status_of(NULL, do_files, role), 0);
	}
}

/* PAM's helpers are started, and nobody on another machine is spoken to. */
static int do_helper(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

static int do_network(void)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (socket(families[i], SOCK_STREAM, 0) >= 0 || errno != EACCES)
			return 1;
	return socket(AF_UNIX, SOCK_DGRAM, 0) < 0;
}

static void test_local_works(void **state)
{
	(void)state;
	if (!FILTERED)
		return;
	assert_int_equal(status_of(NULL, do_helper, SANDBOX_LOCAL), 0);
	assert_int_equal(status_of(NULL, do_network, SANDBOX_LOCAL), 0);
	assert_int_equal(status_of(NULL, do_thread, SANDBOX_LOCAL), 0);
}

/* ---- becoming somebody ---- */

static char folder[] = "/tmp/postern-sandbox-XXXXXX";

static int enter_unknown(void)
{
	char why[200] = "";

	if (sandbox_enter("no-such-user-here", "", NULL, why, sizeof(why)))
		return 1;
	return strcmp(why, "cannot become user no-such-user-here: there is no such user") != 0;
}

static int enter_no_folder(void)
{
	char why[200] = "";

	return sandbox_enter("nobody", "/no/such/folder", NULL, why, sizeof(why)) ||
	       !strstr(why, "/no/such/folder: No such file");
}

static int enter_group(void)
{
	const struct group *group = getgrnam("daemon");
	char why[200] = "";
	gid_t gid = group ? group->gr_gid : 0, groups[100]; /* the next question changes it */

	if (!group || sandbox_enter("nobody", "", "no-such-group-here", why, sizeof(why)))
		return 1;
	if (strcmp(why, "there is no group no-such-group-here") != 0)
		return 2;
	if (!sandbox_enter("nobody", "", "daemon", why, sizeof(why)))
		return 3;
	int count = getgroups(100, groups);
	for (int i = 0; i < count; i++)
		if (groups[i] == gid)
			return 0;
	return 4;
}

static int enter_jail(void)
{
	char why[200] = "";
	struct passwd *nobody = getpwnam("nobody");
	uid_t uid = nobody->pw_uid;
	gid_t gid = nobody->pw_gid, groups[100];

	if (!sandbox_enter("nobody", folder, NULL, why, sizeof(why)))
		return 1;
	if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid)
		return 2;
	if (setuid(0) == 0 || setgid(0) == 0 || open("/etc/passwd", O_RDONLY) >= 0)
		return 3;
	int count = getgroups(100, groups);
	for (int i = 0; i < count; i++) {
		if (groups[i] == 0)
			return 4;
	}
	return access("/", W_OK) == 0 ? 5 : 0;
}

static int link_own(int place, const char *name)
{
	char path[40];
	int fd = openat(place, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EOPNOTSUPP ? 0 : 1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, place, name, AT_SYMLINK_FOLLOW) != 0)
		return 2;
	/* And once more, as delivery to a second mailbox does. */
	char second[40];
	snprintf(second, sizeof(second), "%s2", name);
	if (linkat(place, name, place, second, 0) != 0)
		return 3;
	close(fd);
	return unlinkat(place, name, 0) || unlinkat(place, second, 0);
}

static void *link_thread(void *context)
{
	int *result = context;

	*result = link_own(*result, "from-thread");
	return NULL;
}

/* The store links spool files by /proc/self/fd: allowed although it is not dumpable. */
static int enter_and_link(void)
{
	char why[200] = "";
	pthread_t thread;

	if (!sandbox_enter("nobody", "", NULL, why, sizeof(why)) ||
	    !sandbox_filter(SANDBOX_STORE, why, sizeof(why)))
		return 10;
	int place = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = link_own(place, "from-main");
	if (result)
		return result;
	result = place;
	if (pthread_create(&thread, NULL, link_thread, &result) || pthread_join(thread, NULL))
		return 11;
	return result ? 20 + result : 0;
}

static void test_enter(void **state)
{
	static const deed deeds[] = { enter_unknown, enter_no_folder, enter_group, enter_jail };

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(status_of(NULL, enter_as_is, -1), 0);
	for (size_t i = 0; geteuid() == 0 && i < 4; i++) {
		int status = status_of(NULL, deeds[i], -1);
		if (status)
			fail_msg("row %zu: %x", i, status);
	}
	if (geteuid() == 0) {
		struct passwd *nobody = getpwnam("nobody");
		assert_int_equal(chown(folder, nobody->pw_uid, nobody->pw_gid), 0);
	}
	assert_int_equal(status_of(NULL, enter_and_link, -1), 0);
	rmdir(folder);
}

static int group_setup(void **state)
{
	(void)state;
	pem = pem_new();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	pem_free(&pem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frontend_works),
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_workers_work),
		cmocka_unit_test(test_outward_forbidden),
		cmocka_unit_test(test_outward_work),
		cmocka_unit_test(test_local_works),
		cmocka_unit_test(test_enter),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

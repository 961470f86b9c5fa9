/* SPDX-License-Identifier: ISC */
#include "auth/winbind.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/winbind_reach.h"
#include "base/log.h"

/* As Debian's winbind has them. */
#define PIPE       "/run/samba/winbindd/pipe"
#define PRIVILEGED "/var/lib/samba/winbindd_privileged"

/* Of libwbclient's interface. A site without NTLM does not have the library, so it is not linked.
 */
enum {
	WBC_SUCCESS = 0,
	WBC_WINBIND_NOT_AVAILABLE = 6,
	WBC_DOMAIN_NOT_FOUND = 7,
	WBC_AUTH_ERROR = 10
};
struct wbc_error; /* to be freed */
typedef int wbc_ping(const char *domain, struct wbc_error **error, char **controller);
typedef void wbc_free(void *memory);

static wbc_ping *library_ping;
static wbc_free *library_free;

/* Never closed: it serves as long as the process. */
static void load_library(void)
{
	void *library = dlopen("libwbclient.so.0", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return;
	*(void **)&library_ping = dlsym(library, "wbcPingDc2");
	*(void **)&library_free = dlsym(library, "wbcFreeMemory");
}

/*
 * Over NETLOGON, as logins are put to the domain. No domain's name: that of which winbind is a
 * member, whatever the client claims; so a domain that is not found is one without a controller
 * (Samba 4.17 says so); an error of the controller's is taken for the same.
 */
static enum winbind_ping ping(void)
{
	struct wbc_error *error = NULL;
	int code;

	if (!library_ping || !library_free)
		return WINBIND_PING_UNKNOWN;
	code = library_ping(NULL, &error, NULL);
	library_free(error);
	switch (code) {
	case WBC_SUCCESS:
		return WINBIND_PING_REACHED;
	case WBC_WINBIND_NOT_AVAILABLE:
	case WBC_DOMAIN_NOT_FOUND:
	case WBC_AUTH_ERROR:
		return WINBIND_PING_UNREACHED;
	default:
		return WINBIND_PING_UNKNOWN;
	}
}

void winbind_prepare(void)
{
	load_library();
	setenv("LM_COMPAT_LEVEL", "5",
	       1); /* MS-NLMP: refuse LM and NTLM, take NTLMv2 (gssntlmssp(8)) */
	unsetenv("NTLM_USER_FILE");
}

static bool winbind_there(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = PIPE };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool there =
		fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

	if (fd >= 0)
		close(fd);
	return there;
}

struct winbind_probe *winbind_probe(void)
{
	static struct winbind_probe probe = { .there = winbind_there, .ping = ping };

	return &probe;
}

void winbind_examine(void)
{
	if (!winbind_there())
		log_error("auth.winbind",
			  LOG_TEXT("cause", "NTLM is on, but winbind does not answer at " PIPE
					    ": start winbind and join the domain"));
	else if (access(PRIVILEGED, X_OK) < 0 && errno == EACCES)
		log_error("auth.winbind",
			  LOG_TEXT("cause", PRIVILEGED
				   " is closed to us: run chgrp winbindd_priv " PRIVILEGED));
}

/* SPDX-License-Identifier: ISC */
#include "auth/winbind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

/* As Debian's winbind has them. */
#define PIPE       "/run/samba/winbindd/pipe"
#define PRIVILEGED "/var/lib/samba/winbindd_privileged"

void winbind_prepare(void)
{
	setenv("LM_COMPAT_LEVEL", "5",
	       1); /* MS-NLMP: refuse LM and NTLM, take NTLMv2 (gssntlmssp(8)) */
	unsetenv("NTLM_USER_FILE");
}

bool winbind_there(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = PIPE };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool there =
		fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

	if (fd >= 0)
		close(fd);
	return there;
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

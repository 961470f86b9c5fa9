/* SPDX-License-Identifier: ISC */
/* How we are bound to the domain, and whether winbind is there for NTLM. */
#include "directory/inspect_private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/smbconf.h"

/* Compiled into libwbclient, so that no configuration moves it. */
static const char public_pipe[] = "/run/samba/winbindd/pipe";
enum { SMBCONF_MAX = 1 << 20 };

const char *inspect_smbconf_path(void)
{
	const char *path = getenv("SMB_CONF_PATH");

	return path ? path : "/etc/samba/smb.conf";
}

static bool read_text(const char *path, struct buffer *text)
{
	FILE *file = fopen(path, "re");
	size_t got;

	if (!file)
		return false;
	while (buffer_used(text) < SMBCONF_MAX &&
	       (got = fread(buffer_reserve(text, 4096), 1, 4096, file)) > 0)
		buffer_commit(text, got);
	fclose(file);
	return true;
}

enum inspect_mode inspect_mode(const struct conf_directory *directory)
{
	struct buffer text = BUFFER_EMPTY;
	enum inspect_mode mode = INSPECT_LDAP_ONLY;

	if (directory->bind == CONF_BIND_GSSAPI) {
		mode = INSPECT_KEYTAB;
		if (directory->domain[0] && read_text(inspect_smbconf_path(), &text) &&
		    smbconf_is_member(buffer_span(&text), directory->domain))
			mode = INSPECT_MEMBER;
	}
	buffer_clear(&text);
	return mode;
}

static int connect_pipe(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	error = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
	close(fd);
	return error;
}

/* The privileged pipe's directory is for the group winbindd_priv (winbindd(8)). */
static bool user_is_in(const char *user, const char *group)
{
	const struct group *entry = getgrnam(group);
	const struct passwd *person;

	if (!entry)
		return false;
	for (char **member = entry->gr_mem; *member; member++)
		if (strcmp(*member, user) == 0)
			return true;
	person = getpwnam(user);
	return person && person->pw_gid == entry->gr_gid;
}

void inspect_winbind(struct inspection *inspection)
{
	char *user = memory_format("%s-dir", inspection->conf->user_prefix);
	int error;

	if (inspect_mode(inspection->directory) == INSPECT_MEMBER) {
		error = connect_pipe(public_pipe);
		finding_add(inspection->findings, error ? FINDING_ERROR : FINDING_GOOD, "winbind",
			    public_pipe, "%s", error ? strerror(error) : "winbindd answers");
		if (error)
			finding_remedy(inspection->findings,
				       "start it: systemctl enable --now winbind");
		if (!user_is_in(user, "winbindd_priv")) {
			finding_add(inspection->findings, FINDING_ERROR, "winbind", user,
				    "is not in the group winbindd_priv, and so may not check NTLM");
			finding_remedy(inspection->findings,
				       "usermod -a -G winbindd_priv %s, then restart posternd",
				       user);
		}
	}
	free(user);
}

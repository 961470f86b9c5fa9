/* SPDX-License-Identifier: ISC */
/* How we are bound to the domain, and whether winbind is there for NTLM. */
#include "domain/inspect_private.h"

#include <errno.h>
#include <gssapi/gssapi.h>
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
#include "domain/smbconf.h"

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

bool inspect_has_ntlmssp(void)
{
	static const char oid[] = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"; /* MS-NLMP 1.9 */
	gss_OID_set list = GSS_C_NO_OID_SET;
	OM_uint32 minor;
	bool found = false;

	if (GSS_ERROR(gss_indicate_mechs(&minor, &list)))
		return false;
	for (size_t i = 0; i < list->count; i++)
		found |= list->elements[i].length == sizeof(oid) - 1 &&
			 memcmp(list->elements[i].elements, oid, sizeof(oid) - 1) == 0;
	gss_release_oid_set(&minor, &list);
	return found;
}

static void look_at_pipes(struct inspection *inspection)
{
	char *user = memory_format("%s-dir", inspection->conf->user_prefix);
	int error = connect_pipe(public_pipe);

	finding_add(inspection->findings, error ? FINDING_ERROR : FINDING_GOOD, "winbind",
		    public_pipe, "%s", error ? strerror(error) : "winbindd answers");
	if (error)
		finding_remedy(inspection->findings, "start it: systemctl enable --now winbind");
	if (!user_is_in(user, "winbindd_priv")) {
		finding_add(inspection->findings, FINDING_ERROR, "winbind", user,
			    "is not in the group winbindd_priv, and so may not check NTLM");
		finding_remedy(inspection->findings,
			       "usermod -a -G winbindd_priv %s, then restart posternd", user);
	}
	free(user);
}

void inspect_winbind(struct inspection *inspection)
{
	bool offered = conf_uses_ntlm(inspection->conf);

	if (inspect_mode(inspection->directory) == INSPECT_MEMBER) {
		look_at_pipes(inspection);
	} else if (offered && inspection->directory->bind == CONF_BIND_GSSAPI) {
		finding_add(
			inspection->findings, FINDING_WARNING, "winbind", inspect_smbconf_path(),
			"NTLM is on, but Samba is no member of %s: nobody of it comes in by NTLM",
			inspection->directory->domain);
		finding_remedy(inspection->findings, "postern leave, then postern join --ntlm");
	}
	if (offered && !inspect_has_ntlmssp()) {
		finding_add(inspection->findings, FINDING_ERROR, "winbind", "GSSAPI",
			    "NTLM is on, but there is no mechanism for it");
		finding_remedy(inspection->findings, "apt install gss-ntlmssp");
	}
}

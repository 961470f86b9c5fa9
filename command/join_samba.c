/* SPDX-License-Identifier: ISC */
/* `postern join --ntlm`: Samba becomes a member beside us, and winbind lets us in. */
#include "command/join.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "command/program.h"
#include "domain/inspect.h"
#include "domain/smbconf.h"

static int run(struct program *program, struct buffer *output)
{
	return program_run(program, span_text(""), output);
}

static bool read_file(const char *path, struct buffer *text)
{
	FILE *file = fopen(path, "re");
	size_t got;

	if (!file)
		return false;
	while ((got = fread(buffer_reserve(text, 4096), 1, 4096, file)) > 0)
		buffer_commit(text, got);
	fclose(file);
	return true;
}

/* Debian's own, in which its installer may have set the workgroup. */
static bool is_packaged(struct span text)
{
	struct buffer packaged = BUFFER_EMPTY;
	struct span other, line, other_line;
	bool same = read_file("/usr/share/samba/smb.conf", &packaged);

	other = buffer_span(&packaged);
	while (same && span_cut(&text, '\n', &line)) {
		same = span_cut(&other, '\n', &other_line) &&
		       (span_equal(line, other_line) ||
			(span_starts_nocase(span_trim(line), "workgroup") &&
			 span_starts_nocase(span_trim(other_line), "workgroup")));
	}
	buffer_clear(&packaged);
	return same && !other.at;
}

static bool replace_smbconf(struct join *join, const char *path, bool there, struct span wanted)
{
	char *kept = memory_format("%s.before-postern", path);
	bool good = !there || rename(path, kept) == 0;

	if (!good)
		join_fail("%s cannot be put aside: %s", path, strerror(errno));
	good = good && join_write_new(path, 0644, wanted);
	if (good)
		join_step(join, "Samba", "%s%s%s", path, there ? "; the packaged one is now " : "",
			  there ? kept : "");
	free(kept);
	return good;
}

static bool prepare_smbconf(struct join *join)
{
	const char *path = inspect_smbconf_path();
	struct buffer text = BUFFER_EMPTY, wanted = BUFFER_EMPTY;
	bool there = read_file(path, &text), good = true;

	join_smbconf_text(join, &wanted);
	if (there && smbconf_is_member(buffer_span(&text), join->domain)) {
		join_step(join, "Samba", "%s makes a member of %s already and stays", path,
			  join->realm);
	} else if (there && buffer_used(&text) > 0 && !is_packaged(buffer_span(&text))) {
		good = join_fail("%s is in use for something else: put this into its [global], "
				 "then try again:\n%.*s",
				 path, (int)buffer_used(&wanted), buffer_bytes(&wanted));
	} else if (join->dry_run) {
		printf("\nWould write %s:\n%.*s", path, (int)buffer_used(&wanted),
		       buffer_bytes(&wanted));
	} else {
		good = replace_smbconf(join, path, there, buffer_span(&wanted));
	}
	buffer_clear(&text);
	buffer_clear(&wanted);
	return good;
}

/*
 * Samba's net makes its own secrets database first, for adcli's --add-samba-data can
 * only renew what is there; adcli then sets the password that both keep.
 */
static bool join_secrets(struct join *join)
{
	struct buffer output = BUFFER_EMPTY;
	struct program net;
	int code = 0;

	program_init(&net, "net");
	/* Samba 4.17 looks for the ticket there too, whatever --use-krb5-ccache says. */
	program_variable(&net, "KRB5CCNAME=", join->ticket.cache);
	program_word(&net, "ads", "");
	program_word(&net, "join", "");
	program_word(&net, "--use-krb5-ccache=", join->ticket.cache);
	program_word(&net, "--no-dns-updates", "");
	program_word(&net, "dnshostname=", join->host);
	if (join->dry_run) {
		printf("\nWould run:");
		program_print(&net);
	} else {
		code = run(&net, &output);
	}
	if (code != 0)
		join_tell_failure(join, "net", code, &output);
	else if (!join->dry_run)
		join_step(join, "Samba", "member of %s, by net ads join", join->facts.netbios);
	program_clear(&net);
	buffer_clear(&output);
	return code == 0;
}

static bool admit_to_pipe(struct join *join)
{
	struct buffer output = BUFFER_EMPTY;
	struct program usermod;
	int code;

	if (join->dry_run)
		return true;
	if (!getgrnam("winbindd_priv"))
		return join_fail("there is no group winbindd_priv: apt install winbind");
	program_init(&usermod, "usermod");
	program_word(&usermod, "-a", "");
	program_word(&usermod, "-G", "");
	program_word(&usermod, "winbindd_priv", "");
	program_word(&usermod, "postern-dir", "");
	code = run(&usermod, &output);
	program_clear(&usermod);
	if (code != 0)
		join_fail("usermod: %s", code > 0 ? program_said(&output) : "cannot be run");
	else
		join_step(join, "winbind",
			  "postern-dir is in the group winbindd_priv; then run: "
			  "systemctl restart winbind");
	buffer_clear(&output);
	return code == 0;
}

bool join_samba(struct join *join)
{
	if (!join->ntlm)
		return true;
	if (!join->facts.netbios[0])
		return join_fail("%s does not tell the domain's short name",
				 join->visit.server.name);
	return prepare_smbconf(join) && admit_to_pipe(join) && join_secrets(join);
}

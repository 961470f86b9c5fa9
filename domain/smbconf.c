/* SPDX-License-Identifier: ISC */
#include "domain/smbconf.h"

/* Samba compares parameter names without case and without blanks. */
static bool same_name(struct span name, const char *parameter)
{
	size_t i = 0;

	for (;; parameter++) {
		while (i < name.length && (name.at[i] == ' ' || name.at[i] == '\t'))
			i++;
		while (*parameter == ' ')
			parameter++;
		if (!*parameter || i == name.length)
			return !*parameter && i == name.length;
		if (ascii_lower(name.at[i++]) != ascii_lower(*parameter))
			return false;
	}
}

static struct span trimmed_line(struct span line)
{
	if (line.length > 0 && line.at[line.length - 1] == '\r')
		line.length--;
	return span_trim(line);
}

bool smbconf_value(struct span text, const char *parameter, struct span *value)
{
	bool global = true, found = false; /* Samba takes what stands before a section for global */
	struct span line, name;

	while (span_cut(&text, '\n', &line)) {
		line = trimmed_line(line);
		if (line.length == 0 || line.at[0] == '#' || line.at[0] == ';')
			continue;
		if (line.at[0] == '[') {
			global = span_is_nocase(line, "[global]");
			continue;
		}
		if (!global || !span_cut(&line, '=', &name) || !line.at ||
		    !same_name(span_trim(name), parameter))
			continue;
		*value = span_trim(line);
		found = true;
	}
	return found;
}

bool smbconf_is_member(struct span text, const char *domain)
{
	struct span value;

	return smbconf_value(text, "security", &value) && span_is_nocase(value, "ads") &&
	       smbconf_value(text, "realm", &value) && span_is_nocase(value, domain);
}

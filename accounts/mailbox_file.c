/* SPDX-License-Identifier: ISC */
#include "accounts/mailbox_file.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static bool hexadecimal(struct span text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!ascii_is_digit(text.at[i]) && (text.at[i] < 'a' || text.at[i] > 'f'))
			return false;
	return text.length > 0;
}

static bool take_id(struct mailbox_file *file, struct span value)
{
	return value.length == MAILBOX_ID_SIZE - 1 && hexadecimal(value) &&
	       span_copy(value, file->id, sizeof file->id);
}

static bool take_state(struct mailbox_file *file, struct span value)
{
	file->locked = span_is(value, "locked");
	return file->locked || span_is(value, "open");
}

static bool take_quota(struct mailbox_file *file, struct span value)
{
	file->has_quota = true;
	return span_number(value, &file->quota) && file->quota <= INT64_MAX;
}

/* crypt(5): printable ASCII without space, colon and the marks that no hash begins with. */
static bool take_verifier(struct mailbox_file *file, struct span value)
{
	if (value.length < 2 || value.at[0] != '$')
		return false;
	for (size_t i = 0; i < value.length; i++)
		if (value.at[i] <= ' ' || value.at[i] >= 0x7f || strchr(":;*!\\", value.at[i]))
			return false;
	return span_copy(value, file->verifier, sizeof file->verifier);
}

static bool take_scram(struct mailbox_file *file, struct span value)
{
	file->has_scram = true;
	return scram_keys_parse(value, &file->scram);
}

static bool take_set(struct mailbox_file *file, struct span value)
{
	uint64_t number;

	if (!span_number(value, &number) || number > INT64_MAX)
		return false;
	file->password_set = (int64_t)number;
	return true;
}

static const struct {
	const char *key;
	bool (*take)(struct mailbox_file *file, struct span value);
	const char *why;
} lines[] = {
	{ "id", take_id, "id is no identity" },
	{ "state", take_state, "state is neither open nor locked" },
	{ "quota", take_quota, "quota is no number of octets" },
	{ "password", take_verifier, "password is no hash of crypt(5)" },
	{ "scram-sha-256", take_scram, "scram-sha-256 is not iterations:salt:stored:server" },
	{ "password-set", take_set, "password-set is no time" },
};

enum { LINES = sizeof lines / sizeof lines[0] };

static bool take_line(struct mailbox_file *file, struct span line, bool seen[LINES],
		      const char **why)
{
	struct span key;

	*why = "a line without a value";
	if (!span_cut(&line, ' ', &key) || !line.at)
		return false;
	for (size_t i = 0; i < LINES; i++) {
		if (!span_is(key, lines[i].key))
			continue;
		*why = seen[i] ? "a key stands there twice" : lines[i].why;
		if (seen[i])
			return false;
		seen[i] = true;
		return lines[i].take(file, line);
	}
	*why = "an unknown key";
	return false;
}

bool mailbox_file_parse(struct span text, struct mailbox_file *file, const char **why)
{
	bool seen[LINES] = { false };
	struct span line;

	memset(file, 0, sizeof *file);
	*why = "it does not begin with postern-mailbox 1";
	if (text.length > MAILBOX_FILE_MAX || !span_cut(&text, '\n', &line) ||
	    !span_is(line, "postern-mailbox 1"))
		return false;
	*why = "it does not end with a line end";
	if (!text.at || (text.length > 0 && text.at[text.length - 1] != '\n'))
		return false;
	while (text.length > 0 && span_cut(&text, '\n', &line))
		if (!take_line(file, line, seen, why)) {
			mailbox_file_wipe(file);
			return false;
		}
	return true;
}

static void add(char *to, size_t size, size_t *used, const char *key, const char *value)
{
	int length = snprintf(to + *used, size - *used, "%s %s\n", key, value);

	*used = length > 0 && (size_t)length < size - *used ? *used + (size_t)length : size;
}

static void add_number(char *to, size_t size, size_t *used, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	add(to, size, used, key, text);
}

size_t mailbox_file_print(const struct mailbox_file *file, char *to, size_t size)
{
	char keys[SCRAM_KEYS_TEXT];
	size_t used = 0;

	add(to, size, &used, "postern-mailbox", "1");
	if (file->id[0])
		add(to, size, &used, "id", file->id);
	add(to, size, &used, "state", file->locked ? "locked" : "open");
	if (file->has_quota)
		add_number(to, size, &used, "quota", file->quota);
	if (file->verifier[0])
		add(to, size, &used, "password", file->verifier);
	if (file->has_scram) {
		scram_keys_print(&file->scram, keys);
		add(to, size, &used, "scram-sha-256", keys);
		memory_wipe(keys, sizeof keys);
	}
	if (file->password_set > 0)
		add_number(to, size, &used, "password-set", (uint64_t)file->password_set);
	return used < size ? used : 0;
}

void mailbox_file_wipe(struct mailbox_file *file)
{
	memory_wipe(file, sizeof *file);
}

bool mailbox_name_valid(struct span name)
{
	if (name.length == 0 || name.length > MAILBOX_NAME_MAX || name.at[0] == '.')
		return false;
	for (size_t i = 0; i < name.length; i++)
		if (!ascii_is_digit(name.at[i]) && (name.at[i] < 'a' || name.at[i] > 'z') &&
		    (name.at[i] == '\0' || !strchr("._+-='~", name.at[i])))
			return false;
	return true;
}

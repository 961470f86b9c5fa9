/* SPDX-License-Identifier: ISC */
#include "accounts/password.h"

#include <crypt.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "io/tls.h"

_Static_assert(MAILBOX_VERIFIER_SIZE > CRYPT_OUTPUT_SIZE, "a hash fits into the file");

/* Somebody's, nobody knows whose: so that an account without a verifier costs the same. */
static const char nobody[] =
	"$y$j9T$IZ.ZjQEuQZX4x9SxsVWGf/$B30MPkqG3Dd6h2Ch1zHN6bj/FPrI2OaMJ0I8.IUsxR7";

bool password_normalize(struct span password, char to[PASSWORD_NORMAL_SIZE])
{
	gnutls_datum_t out = { NULL, 0 };
	bool good;

	if (password.length == 0 || password.length > PASSWORD_CRYPT_MAX || span_has_nul(password))
		return false;
	if (gnutls_utf8_password_normalize((const unsigned char *)password.at,
					   (unsigned)password.length, &out, 0) != 0)
		return false;
	good = out.size > 0 && out.size <= PASSWORD_CRYPT_MAX &&
	       span_copy(span_make(out.data, out.size), to, PASSWORD_NORMAL_SIZE);
	memory_wipe(out.data, out.size);
	gnutls_free(out.data);
	return good;
}

static size_t characters(const char *utf8)
{
	size_t count = 0;

	for (; *utf8; utf8++)
		count += ((unsigned char)*utf8 & 0xc0) != 0x80;
	return count;
}

static bool one_character(const char *text)
{
	return strspn(text, (char[]){ text[0], '\0' }) == strlen(text);
}

const char *password_wrong(struct span password, struct span address)
{
	char text[PASSWORD_NORMAL_SIZE];
	struct span name = address;
	const char *why = NULL;

	if (!password_normalize(password, text))
		return "it is empty, longer than 512 octets, or has characters that cannot be "
		       "typed";
	if (!span_cut(&address, '@', &name))
		name = address;
	if (characters(text) < PASSWORD_LENGTH_MIN)
		why = "it has fewer than 8 characters";
	else if (one_character(text))
		why = "it is one character, repeated";
	else if (span_equal_nocase(span_text(text), name) ||
		 (address.at && span_starts_nocase(span_text(text), name.at)))
		why = "it is the mailbox's own name";
	memory_wipe(text, sizeof text);
	return why;
}

/* crypt(3) in memory that is wiped: it keeps the password and all steps in between. */
static bool hash(const char *password, const char *setting, char to[MAILBOX_VERIFIER_SIZE])
{
	struct crypt_data *data = memory_new(sizeof *data);
	const char *made = crypt_rn(password, setting, data, (int)sizeof *data);
	bool good = made && made[0] == '$' && span_copy(span_text(made), to, MAILBOX_VERIFIER_SIZE);

	memory_wipe(data, sizeof *data);
	free(data);
	return good;
}

static int64_t microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool password_set(struct mailbox_file *file, struct span password)
{
	char text[PASSWORD_NORMAL_SIZE], setting[CRYPT_GENSALT_OUTPUT_SIZE];
	bool good;

	errno = EINVAL;
	if (!password_normalize(password, text))
		return false;
	good = crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof setting) &&
	       hash(text, setting, file->verifier);
	if (good) {
		file->has_scram = true;
		file->scram.iterations = PASSWORD_ITERATIONS;
		file->scram.salt_length = 16;
		random_bytes(file->scram.salt, file->scram.salt_length);
		scram_keys_derive(&file->scram, span_text(text));
		file->password_set = microseconds();
	}
	memory_wipe(text, sizeof text);
	return good;
}

bool password_is(const struct mailbox_file *file, struct span password)
{
	char text[PASSWORD_NORMAL_SIZE], made[MAILBOX_VERIFIER_SIZE] = "";
	const char *wanted = file->verifier[0] ? file->verifier : nobody;
	bool right = password_normalize(password, text) && hash(text, wanted, made) &&
		     file->verifier[0] && strlen(made) == strlen(wanted) &&
		     memory_equal(made, wanted, strlen(wanted));

	memory_wipe(text, sizeof text);
	memory_wipe(made, sizeof made);
	return right;
}

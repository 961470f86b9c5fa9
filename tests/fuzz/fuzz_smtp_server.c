/* SPDX-License-Identifier: ISC */
/*
 * The whole engine: the first two bytes choose profile, splits and moods of the owner.
 * Cut in pieces the input must be answered as in one.
 */
#include "fuzz_smtp_owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mechanism mechanisms[] = {
	{ "GSSAPI", MECHANISM_IN_PLAIN | MECHANISM_IN_TLS },
	{ "NTLM", MECHANISM_IN_TLS },
	{ "EXTERNAL", MECHANISM_IN_TLS | MECHANISM_WITH_CERTIFICATE },
	{ NULL, 0 },
};

static void play(struct fuzz_owner *owner, const uint8_t *data, size_t size, size_t piece)
{
	struct smtp_profile profile = { .fqdn = "mx.example",
					.default_domain = "example",
					.starttls = true,
					.basic = true,
					.mechanisms = mechanisms,
					.hops = 3,
					.recipients = 4,
					.message_size = 300,
					.etrn = true,
					.atrn = true,
					.anonymous = data[0] & 1,
					.basic_without_tls = data[0] & 2,
					.bad_commands = data[0] & 4 ? 5 : 0,
					.refused_recipients = data[0] & 4 ? 2 : 0,
					.session_size = data[0] & 8 ? 500 : 0 };

	owner->moods = data[1];
	owner->certificate = data[1] & 2;
	owner->piece = piece;
	owner->server = smtp_server_new(&profile, &fuzz_calls, owner, "192.0.2.1", "S1");
	smtp_server_greet(owner->server);
	fuzz_play(owner, (const char *)data + 2, size - 2);
	if (data[1] & 1)
		smtp_server_timeout(owner->server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_owner whole = { 0 }, cut = { 0 };

	if (size < 3)
		return 0;
	play(&whole, data, size, size);
	play(&cut, data, size, 1u + (data[0] >> 4));
	/*
	 * What comes with STARTTLS is dropped, what comes later is not. A message that is cut off
	 * for its size may have a lone CR behind that was seen first in the whole.
	 */
	assert(whole.had_tls || cut.flooded ||
	       span_equal(buffer_span(&whole.heard), buffer_span(&cut.heard)));
	fuzz_finish(&whole);
	fuzz_finish(&cut);
	return 0;
}

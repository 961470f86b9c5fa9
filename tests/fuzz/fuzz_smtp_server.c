/* SPDX-License-Identifier: ISC */
/* The whole engine: the first two bytes choose profile, splits and moods of the owner. */
#include "fuzz_smtp_owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_owner owner = { 0 };
	struct smtp_profile profile = { .fqdn = "mx.example", .default_domain = "example",
					.starttls = true, .basic = true, .hops = 3,
					.recipients = 4, .message_size = 300 };

	if (size < 2)
		return 0;
	profile.anonymous = data[0] & 1;
	profile.basic_without_tls = data[0] & 2;
	profile.bad_commands = data[0] & 4 ? 5 : 0;
	profile.session_size = data[0] & 8 ? 500 : 0;
	owner.moods = data[1];
	owner.piece = data[0] & 16 ? 1u + (data[0] >> 5) : size;
	owner.server = smtp_server_new(&profile, &fuzz_calls, &owner, "192.0.2.1", "S1");
	smtp_server_greet(owner.server);
	fuzz_play(&owner, (const char *)data + 2, size - 2);
	if (data[1] & 1)
		smtp_server_timeout(owner.server);
	fuzz_finish(&owner);
	return 0;
}

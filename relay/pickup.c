/* SPDX-License-Identifier: ISC */
#include "relay/pickup.h"

#include <unistd.h>

#include "io/packet.h"
#include "relay/pickup_file.h"

enum { FILES_MAX = 8 }; /* at a time */

static void claim_ask(struct relay *relay);

static void on_claim(void *context, enum channel_result answer, const struct packet *packet)
{
	struct relay *relay = context;
	struct message_claimed claimed = { 0 };

	relay->claiming = false;
	if (answer != CHANNEL_ANSWERED || !message_get_claimed(packet->body, &claimed) ||
	    claimed.handle == 0) {
		if (packet != NULL && packet->fd >= 0)
			close(packet->fd);
		relay_leave_if_done(relay);
		return;
	}
	pickup_file_take(relay, &claimed, packet->fd);
	claim_ask(relay);
}

static void claim_ask(struct relay *relay)
{
	if (relay->claiming || relay->retiring || relay->store == NULL || relay->files >= FILES_MAX)
		return;
	relay->claiming = true;
	/* An answer that came too late would be a file that nobody takes in. */
	channel_ask(relay->store, MESSAGE_CLAIM, span_make("", 0), -1, CHANNEL_FOREVER, on_claim,
		    relay);
}

void pickup_file_over(struct relay *relay)
{
	claim_ask(relay);
	relay_leave_if_done(relay);
}

void pickup_tick(struct relay *relay)
{
	for (size_t i = 0; i < relay->conf->smtps_count; i++) {
		if (relay->conf->smtps[i].outbound.pickup[0] != '\0') {
			claim_ask(relay);
			return;
		}
	}
}

/* SPDX-License-Identifier: ISC */
/*
 * What a frontend must have before it is ready: certificates, keys and authorities of
 * its servers, and the tally. Each dies when the master sent anything else; a key that
 * does not load ends the process, so that a generation that cannot serve never takes
 * the place of one that does.
 */
#ifndef FRONTEND_MATERIAL_H
#define FRONTEND_MATERIAL_H

struct frontend;
struct packet;

void material_take(struct frontend *frontend, const struct packet *packet); /* MESSAGE_MATERIAL */
void material_take_tally(struct frontend *frontend,
			 const struct packet *packet); /* MESSAGE_TALLY */

#endif

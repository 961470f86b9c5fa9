/* SPDX-License-Identifier: ISC */
/*
 * What a message travels in (RFC 5321 section 2.3.1) with the parameters of
 * RFC 1870, 3461, 6152, 6531: a plain value that engines fill and stores keep.
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "mail/address.h"

enum envelope_body { ENVELOPE_BODY_7BIT, ENVELOPE_BODY_8BITMIME, ENVELOPE_BODY_BINARYMIME };
enum envelope_ret { ENVELOPE_RET_NONE, ENVELOPE_RET_FULL, ENVELOPE_RET_HDRS };

/* RFC 3461 section 4.1; NONE = not given. NEVER excludes the others. */
#define ENVELOPE_NOTIFY_NEVER   0x1u
#define ENVELOPE_NOTIFY_SUCCESS 0x2u
#define ENVELOPE_NOTIFY_FAILURE 0x4u
#define ENVELOPE_NOTIFY_DELAY   0x8u

#define ENVELOPE_ENVID_MAX 100 /* RFC 3461 section 4.4 */
#define ENVELOPE_ORCPT_MAX 500 /* section 4.2 */

struct envelope_recipient {
	struct address address;
	unsigned notify; /* ENVELOPE_NOTIFY_ bits */
	char *orcpt;     /* "rfc822;xtext" as given; NULL = not given */
	char *via;       /* next hop that the directory named ("lmtp:[192.0.2.1]:24"); NULL = none */
	void *route;     /* the asker's answer for it; not the envelope's to free */
	bool member;     /* of a list that was expanded: what it forwards to was followed there */
};

struct envelope {
	struct address sender;
	bool has_sender;   /* MAIL was accepted; the null sender counts */
	uint64_t declared; /* SIZE=; 0 = not given */
	enum envelope_body body;
	bool smtputf8;
	bool requiretls; /* RFC 8689 */
	enum envelope_ret ret;
	char identity[96]; /* "directory/id" of who had logged in and sent it; "" = nobody had */
	char envid[ENVELOPE_ENVID_MAX + 1]; /* xtext as given; "" = not given */
	struct envelope_recipient *recipients;
	size_t count, room;
};

void envelope_init(struct envelope *envelope);
/* The recipient stays the envelope's; the pointer is good until the next one is added. */
struct envelope_recipient *envelope_add(struct envelope *envelope, const struct address *address);
void envelope_drop_last(struct envelope *envelope); /* the recipient added last was refused */
/*
 * What the sender had said for a recipient, as the ORCPT of whom it becomes (RFC 3461 section 5.2.1):
 * its own, or else made of its address; "" where that has no form (RFC 6533) or no room.
 */
void envelope_orcpt(const struct envelope_recipient *recipient, char to[ENVELOPE_ORCPT_MAX + 1]);
void envelope_clear(
	struct envelope *envelope); /* frees what it grew; then as after envelope_init */

#endif

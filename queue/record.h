/* SPDX-License-Identifier: ISC */
/*
 * What stands behind the message in a file of the queue: text records, one a line, their
 * fields separated by a space, ending in a field ".", so that a torn line is never taken
 * for a whole one. Octets up to 0x20, DEL and "%" are %XX; "-" is the empty text.
 *
 *	message 1 ID SERVER ARRIVED .
 *	from SENDER BODY SMTPUTF8 REQUIRETLS RET ENVID DECLARED .
 *	to RECIPIENT NOTIFY ORCPT VIA [member] .              one each, numbered from 0; "member": of a
 *	                                                      list that was expanded
 *	complete COUNT .                                      without it there is no message
 *	more NUMBER COUNT [RECIPIENT NOTIFY ORCPT VIA]... .   the recipient became these, which are
 *	                                                      numbered on, members all: one line, so
 *	                                                      whole or not
 *	by IDENTITY .                                         who had logged in; in front of "complete"
 *	at NUMBER STATE ATTEMPTS NEXT STATUS MTA TEXT .       what became of a recipient
 *	same FIRST LAST .                                     those behind FIRST are as FIRST is now: a
 *	                                                      list's members wait together, and often
 *	told NUMBER . / owed NUMBER . / paid NUMBER .         delay told; report to be made; made
 *	via NUMBER VIA .                                      the directory names another hop now
 *	held . / unheld .
 *
 * Later records win. Lines that are none of these are passed over.
 */
#ifndef QUEUE_RECORD_H
#define QUEUE_RECORD_H

#include "base/buffer.h"
#include "queue/queue.h"

extern const char *const record_states[]; /* words for enum queue_state */

/* Of a message, with what it becomes: what a stranger can make it grow to has an end. */
enum { RECORD_RECIPIENTS_MAX = 200000 };

void record_envelope(struct buffer *to, const char *id, const char *server, int64_t arrived,
		     const struct envelope *envelope);
void record_state(struct buffer *to, size_t number, const struct queue_recipient *recipient);
/* Behind record_state of `first`: those up to `last` are as it is. */
void record_same(struct buffer *to, size_t first, size_t last);
void record_mark(struct buffer *to, const char *word, size_t number); /* told, owed, paid */
/*
 * Recipient `number` becomes these. Its report is owed from here on when its sender asked for one of
 * success, and none of these brings that one (RFC 3461 section 5.2.7).
 */
void record_more(struct buffer *to, size_t number, const struct envelope_recipient *others,
		 size_t count);
bool record_more_owed(const struct envelope_recipient *recipient,
		      const struct envelope_recipient *others, size_t count);
void record_via(struct buffer *to, size_t number, const char *via);
void record_held(struct buffer *to, bool held);
/* Fills an empty message but for its size; false when there is no complete envelope. */
bool record_read(struct span records, struct queue_message *message);
/* The first two lines alone, whole. */
bool record_read_head(struct span records, struct queue_message *message);

/* "ID,S=SIZE". False when it is no such name. */
bool record_name_parse(const char *name, char id[QUEUE_ID_SIZE], uint64_t *size);
#define RECORD_NAME_SIZE (QUEUE_ID_SIZE + 24)
void record_name(const char *id, uint64_t size, char to[RECORD_NAME_SIZE]);
/* Letters, digits, "-", "_" and "."; not in front. */
bool record_id_valid(const char *id);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Jobs for mailboxes of ours that could not take their message at once, and reports to
 * our own people: the directory role says which mailbox it is, the store role puts the
 * message there.
 */
#ifndef RELAY_LOCAL_H
#define RELAY_LOCAL_H

#include "relay/relay.h"

/* Takes over a job of kind QUEUE_HOP_LOCAL: each recipient gets its result. */
void local_place(struct relay *relay, struct outgoing_job *job);

#endif

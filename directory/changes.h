/* SPDX-License-Identifier: ISC */
/*
 * A thread that asks every poll_changes seconds what has changed and makes the cache forget it: of
 * AD entries with a higher uSNChanged (a number of each controller's own: after a move to another
 * one everything has to be asked for again), elsewhere whether anything did (contextCSN, where the
 * server has it). Two small searches a turn, as a rule.
 */
#ifndef DIRECTORY_CHANGES_H
#define DIRECTORY_CHANGES_H

struct changes;
struct directory;

struct changes *changes_start(struct directory *directory);
void changes_stop(struct changes *changes); /* NULL is fine */

#endif

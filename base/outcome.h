/* SPDX-License-Identifier: ISC */
/*
 * The three ways anything that depends on a disk, a network or a directory can
 * end. TEMP means "ask again later" and must never be shown to a client as
 * permanent; PERM means that asking again cannot help.
 */
#ifndef BASE_OUTCOME_H
#define BASE_OUTCOME_H

enum outcome { OUTCOME_OK, OUTCOME_TEMP, OUTCOME_PERM };

const char *outcome_name(enum outcome outcome); /* "ok", "temp", "perm" */

#endif

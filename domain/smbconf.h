/* SPDX-License-Identifier: ISC */
/*
 * The few values of a member's smb.conf(5) that decide whether winbind serves the
 * same domain as we. Only [global] of the text itself is looked at; includes and
 * registry shares are Samba's own affair.
 */
#ifndef DOMAIN_SMBCONF_H
#define DOMAIN_SMBCONF_H

#include "base/span.h"

/* The last value of the parameter (any case, blanks do not count); false when it is not there. */
bool smbconf_value(struct span text, const char *parameter, struct span *value);
/* The text makes a member of that realm ("corp.example", any case): security = ads. */
bool smbconf_is_member(struct span text, const char *domain);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * What domain.c keeps beside domain_valid and domain_literal_valid, which
 * mail/address.h declares for everybody.
 */
#ifndef MAIL_DOMAIN_H
#define MAIL_DOMAIN_H

#include "mail/address.h"

/* Valid UTF-8 without C1 control characters, which no mail system wants in a name. */
bool domain_text_valid(struct span text);

#endif

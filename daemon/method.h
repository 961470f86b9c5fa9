/* SPDX-License-Identifier: ISC */
/*
 * The method with which the mailboxes that exist were made. It is remembered in
 * <mailboxes>/.method; another one may be configured only while there are no
 * mailboxes, because their owners would be other people's accounts, or nobody's.
 */
#ifndef DAEMON_METHOD_H
#define DAEMON_METHOD_H

#include "conf/conf.h"

/* False after a complaint: there are mailboxes, and they were made with another method. */
bool method_check(const struct conf *conf, conf_complain complain, void *context);
/* Remembers the configured method. Done when a gateway starts and when a mailbox is added. False
 * with *why. */
bool method_remember(const struct conf *conf, char *why, size_t size);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * How people may log in at a server, by the configuration: the SASL mechanisms that an
 * engine offers and the directory role permits.
 */
#ifndef DAEMON_LOGIN_METHODS_H
#define DAEMON_LOGIN_METHODS_H

#include <stdint.h>

#include "mail/mechanism.h"

struct conf;
struct conf_methods;

#define LOGIN_MECHANISMS 8 /* in a list, its end included */

/* What `methods` permits, for a profile of an engine. */
void login_mechanisms(const struct conf_methods *methods, struct mechanism list[LOGIN_MECHANISMS]);
/* Server `number` as MESSAGE_MATERIAL counts them, with its default domain and "smtp" or "pop";
 * NULL: there is none. */
const struct conf_methods *login_methods(const struct conf *conf, uint32_t number,
					 const char **service, const char **default_domain);

#endif

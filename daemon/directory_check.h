/* SPDX-License-Identifier: ISC */
/* Do the configured directories answer? For `posternd -t` and `postern check`. */
#ifndef DAEMON_DIRECTORY_CHECK_H
#define DAEMON_DIRECTORY_CHECK_H

#include "conf/conf.h"

/*
 * Looks up an address nobody has in each directory: server found, TLS, bind, base and
 * filter are tried for real. Takes at most about 18 seconds for each that does not
 * answer. False after at least one complaint at the directory's section.
 */
bool directory_check(const struct conf *conf, conf_complain complain, void *context);

#endif

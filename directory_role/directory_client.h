/* SPDX-License-Identifier: ISC */
/*
 * Our logins at other servers, at the directory role (auth/client_login.h). The asker says
 * which section of the configuration; whose login that is, and whether the connection is
 * good enough for it, is decided here.
 */
#ifndef DIRECTORY_ROLE_DIRECTORY_CLIENT_H
#define DIRECTORY_ROLE_DIRECTORY_CLIENT_H

#include "daemon/work.h"

bool directory_client(struct work *work); /* handler of a work_permit */

#endif

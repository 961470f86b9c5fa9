/* SPDX-License-Identifier: ISC */
/* What the virtual servers would reply: often all the same. For `postern explain`. */
#ifndef DIRECTORY_ROLE_EXPLAIN_SERVERS_H
#define DIRECTORY_ROLE_EXPLAIN_SERVERS_H

#include "conf/conf.h"
#include "daemon/message_directory.h"
#include "gateway/smtp_server.h"

struct buffer;

enum { EXPLAIN_REPLY_SIZE = 600 };
/* One reply for each virtual server, in the order of the configuration. */
struct explain_replies {
	const struct conf *conf;
	char (*at)[EXPLAIN_REPLY_SIZE]; /* "" = none: the client does not come so far */
};

struct explain_replies explain_replies_new(const struct conf *conf);
void explain_replies_clear(struct explain_replies *replies);
void explain_reply(struct explain_replies *replies, size_t server, unsigned code,
		   const char *status, const char *text);
/* "KEY" where all that there are agree, else "KEY at[]" with the servers' names. */
void explain_replies_add(struct buffer *lines, const char *key,
			 const struct explain_replies *replies);

/* Does the server take mail from such a client at all? */
bool explain_server_takes(const struct conf_smtp *server, bool logged_in);
/*
 * May a client that no list of the server names send to that domain of others? UNKNOWN: not now.
 * `member`: of the server's relay_groups. `rule` is the key that decides, with its value.
 */
enum sender_relay explain_relaying(const struct conf *conf, const struct conf_smtp *server,
				   const char *domain, bool logged_in, enum sender_relay member,
				   char rule[400]);

#endif

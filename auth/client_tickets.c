/* SPDX-License-Identifier: ISC */
/* The machine's own Kerberos identity, for logins at other servers: one ticket cache, one thread at
 * a time. */
#include <pthread.h>
#include <stdlib.h>

#include "auth/client_private.h"
#include "base/memory.h"
#include "directory/credentials.h"

struct client_tickets {
	pthread_mutex_t lock;
	const struct conf_directory *directory; /* the first with a keytab; NULL = none has one */
	struct credentials *credentials;
};

static bool is_integrated(const struct conf *conf)
{
	for (size_t i = 0; i < conf->smtps_count; i++)
		if (conf->smtps[i].outbound.login.how == CONF_LOGIN_OUT_INTEGRATED)
			return true;
	for (size_t i = 0; i < conf->remotes_count; i++)
		if (conf->remotes[i].login.how == CONF_LOGIN_OUT_INTEGRATED)
			return true;
	return conf->proxy.enabled && conf->proxy.login.how == CONF_LOGIN_OUT_INTEGRATED;
}

struct client_tickets *client_tickets_open(const struct conf *conf, char *why, size_t size)
{
	struct client_tickets *tickets = memory_new(sizeof *tickets);

	pthread_mutex_init(&tickets->lock, NULL);
	for (size_t i = 0; i < conf->directories_count && !tickets->directory; i++)
		if (conf->directories[i].keytab[0])
			tickets->directory = &conf->directories[i];
	if (!tickets->directory || !is_integrated(conf))
		return tickets;
	tickets->credentials = credentials_open(tickets->directory, "login", why, size);
	if (tickets->credentials)
		return tickets;
	client_tickets_free(tickets);
	return NULL;
}

void client_tickets_free(struct client_tickets *tickets)
{
	if (!tickets)
		return;
	credentials_close(tickets->credentials);
	pthread_mutex_destroy(&tickets->lock);
	free(tickets);
}

enum outcome client_tickets_use(struct client_tickets *tickets, struct client_login_turn *turn)
{
	char why[300];

	if (!tickets->credentials)
		return client_say(turn, OUTCOME_PERM,
				  "no directory has a keytab to log in with: name one, or use "
				  "another `login`");
	pthread_mutex_lock(&tickets->lock);
	if (credentials_use(tickets->credentials, why, sizeof why))
		return OUTCOME_OK;
	pthread_mutex_unlock(&tickets->lock);
	return client_say(turn, OUTCOME_TEMP, "%s", why);
}

void client_tickets_leave(struct client_tickets *tickets)
{
	pthread_mutex_unlock(&tickets->lock);
}

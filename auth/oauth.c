/* SPDX-License-Identifier: ISC */
#include "auth/oauth.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"

/*
 * Seconds. A token is not shown any more when REST is left of its life, or half of it, and is
 * renewed a fifth of the time before that in which it is, five minutes at most.
 */
enum { AHEAD_MAX = 300, AHEAD_PART = 5, REST = 5, PAUSE = 10 };

struct grant { /* of one login of the configuration */
	struct grant *next;
	const struct conf_login *login;
	char *token;          /* NULL = none */
	char *refresh;        /* that the endpoint gave instead of the file's; NULL = the file's */
	int64_t renew, end;   /* unix seconds; from end on it does not serve */
	int64_t failed_until; /* nobody asks before */
	char why[300];
	bool asking;
};

struct oauth_tokens {
	pthread_mutex_t lock;
	pthread_cond_t told;
	struct grant *first;
};

struct oauth_tokens *oauth_tokens_new(void)
{
	struct oauth_tokens *tokens = memory_new(sizeof *tokens);

	pthread_mutex_init(&tokens->lock, NULL);
	pthread_cond_init(&tokens->told, NULL);
	return tokens;
}

static void secret_free(char **secret)
{
	if (*secret)
		memory_wipe(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void oauth_tokens_free(struct oauth_tokens *tokens)
{
	struct grant *grant;

	if (!tokens)
		return;
	while ((grant = tokens->first)) {
		tokens->first = grant->next;
		secret_free(&grant->token);
		secret_free(&grant->refresh);
		free(grant);
	}
	pthread_cond_destroy(&tokens->told);
	pthread_mutex_destroy(&tokens->lock);
	free(tokens);
}

/* With the lock held, as all below that take a grant. */
static struct grant *grant_of(struct oauth_tokens *tokens, const struct conf_login *login)
{
	struct grant *grant = tokens->first;

	while (grant && grant->login != login)
		grant = grant->next;
	if (grant)
		return grant;
	grant = memory_new(sizeof *grant);
	grant->login = login;
	grant->next = tokens->first;
	tokens->first = grant;
	return grant;
}

static void take_answer(struct grant *grant, struct oauth_answer *answer, int64_t now)
{
	int64_t half = answer->lives / 2;
	int64_t serves = answer->lives - (half < REST ? half : REST);
	int64_t ahead = serves / AHEAD_PART;

	secret_free(&grant->token);
	grant->token = answer->token;
	if (answer->refresh) {
		secret_free(&grant->refresh);
		grant->refresh = answer->refresh;
	}
	grant->end = now + serves;
	grant->renew = grant->end - (ahead < AHEAD_MAX ? ahead : AHEAD_MAX);
	grant->failed_until = 0;
}

static void ask(struct oauth_tokens *tokens, struct grant *grant)
{
	struct oauth_answer answer = { 0 };
	char *refresh = memory_text(grant->refresh);
	char why[sizeof grant->why] = "";
	bool good;

	grant->asking = true;
	pthread_mutex_unlock(&tokens->lock);
	good = oauth_fetch(grant->login, refresh, &answer, why, sizeof why);
	secret_free(&refresh);
	pthread_mutex_lock(&tokens->lock);
	grant->asking = false;
	pthread_cond_broadcast(&tokens->told);
	if (good) {
		take_answer(grant, &answer, clock_unix());
		log_info("oauth.token", LOG_TEXT("endpoint", grant->login->token_url),
			 LOG_TEXT("user", grant->login->user), LOG_NUMBER("seconds", answer.lives));
		return;
	}
	grant->failed_until = clock_unix() + PAUSE;
	memcpy(grant->why, why, sizeof grant->why);
	log_warning("oauth.failed", LOG_TEXT("endpoint", grant->login->token_url),
		    LOG_TEXT("user", grant->login->user), LOG_TEXT("why", why));
}

static bool serves(const struct grant *grant, int64_t now)
{
	return grant->token && now < grant->end;
}

char *oauth_token(struct oauth_tokens *tokens, const struct conf_login *login, size_t *length,
		  char *why, size_t size)
{
	struct grant *grant;
	char *token = NULL;
	int64_t now = clock_unix();

	pthread_mutex_lock(&tokens->lock);
	grant = grant_of(tokens, login);
	while (grant->asking && !serves(grant, now))
		pthread_cond_wait(&tokens->told, &tokens->lock);
	if (!grant->asking && (!grant->token || now >= grant->renew) && now >= grant->failed_until)
		ask(tokens, grant);
	if (serves(grant, clock_unix())) {
		token = memory_text(grant->token);
		*length = strlen(token);
	} else {
		snprintf(why, size, "%s", grant->why);
	}
	pthread_mutex_unlock(&tokens->lock);
	return token;
}

void oauth_token_refused(struct oauth_tokens *tokens, const struct conf_login *login,
			 const char *token)
{
	struct grant *grant;

	pthread_mutex_lock(&tokens->lock);
	grant = grant_of(tokens, login);
	if (grant->token && strcmp(token, grant->token) == 0) {
		secret_free(&grant->token);
		grant->failed_until = clock_unix() + PAUSE;
		snprintf(grant->why, sizeof grant->why,
			 "the server did not take the token: may %s send as %s?", login->client_id,
			 login->user);
	}
	pthread_mutex_unlock(&tokens->lock);
}

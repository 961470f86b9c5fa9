/* SPDX-License-Identifier: ISC */
/*
 * Access tokens (RFC 6749) for XOAUTH2: asked of the token endpoint with the client's
 * credentials (section 4.4) or a refresh token (section 6), remembered until shortly
 * before they expire. For many threads: one asks, the others wait for it or go on with
 * the token that still serves.
 */
#ifndef AUTH_OAUTH_H
#define AUTH_OAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_login;
struct oauth_tokens;

struct oauth_tokens *oauth_tokens_new(void);
void oauth_tokens_free(struct oauth_tokens *tokens); /* wipes; NULL is fine */
/*
 * A token that is good now, for wiping and free(); NULL with the reason in words, without a
 * secret in it. Blocks on the endpoint, 20 seconds at most; after a failure nobody is asked for
 * some seconds.
 */
char *oauth_token(struct oauth_tokens *tokens, const struct conf_login *login, size_t *length,
		  char *why, size_t size);
/* The server did not take that token: it is not given again. */
void oauth_token_refused(struct oauth_tokens *tokens, const struct conf_login *login,
			 const char *token);

/* ---- what oauth_fetch.c does ---- */
struct oauth_answer {
	char *token;   /* for wiping and free() */
	char *refresh; /* a new refresh token; NULL = the old one stays */
	int64_t lives; /* seconds */
};
/* One question to the endpoint. False with the reason. */
bool oauth_fetch(const struct conf_login *login, const char *refresh, struct oauth_answer *answer,
		 char *why, size_t size);
/* What an endpoint answered (RFC 6749 sections 5.1, 5.2). False with the reason. */
bool oauth_answer_parse(const char *text, size_t length, struct oauth_answer *answer, char *why,
			size_t size);

#endif

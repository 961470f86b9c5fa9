/* SPDX-License-Identifier: ISC */
#include "auth/backoff.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "directory/threads.h"

enum {
	BACKOFF_ACCOUNTS_MAX = 100000,
	BACKOFF_FRIENDS_MAX = 100000,
	/* Where the directory has no lockout of its own: guessing is slowed to this. */
	FREE_FAILURES = 60,
	FREE_WINDOW_MS = 60 * 1000,
	LOCKOUT_WINDOW_MS = 30 * 60 * 1000, /* AD's own default */
	FRIEND_MS = 24 * 60 * 60 * 1000,
};

struct account {
	unsigned failures, pending;
	int64_t forgets; /* clock_ms */
};

struct backoff {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct table *accounts; /* by account: struct account */
	struct table *friends;  /* by account and client: came in with the right password */
};

struct backoff_rule backoff_rule_make(unsigned threshold, int64_t window)
{
	if (threshold == 0)
		return (struct backoff_rule){ FREE_FAILURES, 2 * FREE_FAILURES, FREE_WINDOW_MS };
	return (struct backoff_rule){
		.strangers = threshold > 2 ? threshold - 2 : 1,
		.owner = threshold > 2 ? threshold - 1 : 1,
		.window = window > 0 ? window : LOCKOUT_WINDOW_MS,
	};
}

struct backoff *backoff_new(void)
{
	struct backoff *backoff = memory_new(sizeof(*backoff));

	pthread_mutex_init(&backoff->mutex, NULL);
	thread_cond_init(&backoff->changed);
	backoff->accounts = table_new(BACKOFF_ACCOUNTS_MAX, free);
	backoff->friends = table_new(BACKOFF_FRIENDS_MAX, free);
	return backoff;
}

void backoff_free(struct backoff *backoff)
{
	if (!backoff)
		return;
	table_free(backoff->accounts);
	table_free(backoff->friends);
	pthread_cond_destroy(&backoff->changed);
	pthread_mutex_destroy(&backoff->mutex);
	free(backoff);
}

static struct account load(struct backoff *backoff, const char *name, int64_t now)
{
	const struct account *kept = table_find(backoff->accounts, span_text(name), now);

	return kept ? *kept : (struct account){ 0 };
}

static void save(struct backoff *backoff, const char *name, const struct account *account,
		 int64_t dies)
{
	struct account *copy = memory_new(sizeof(*copy));

	*copy = *account;
	table_put(backoff->accounts, span_text(name), copy, dies);
}

struct friend_key {
	char text[512];
};

static struct friend_key friend_key(const char *account, const char *client)
{
	struct friend_key key;

	snprintf(key.text, sizeof(key.text), "%.200s %.200s", account, client);
	return key;
}

static bool is_friend(struct backoff *backoff, const char *account, const char *client, int64_t now)
{
	struct friend_key key = friend_key(account, client);

	return table_find(backoff->friends, span_text(key.text), now) != NULL;
}

static void befriend(struct backoff *backoff, const char *account, const char *client, int64_t now)
{
	struct friend_key key = friend_key(account, client);

	table_put(backoff->friends, span_text(key.text), memory_new(1), now + FRIEND_MS);
}

bool backoff_enter(struct backoff *backoff, const struct backoff_try *try, int64_t deadline)
{
	const struct backoff_rule *rule = &try->rule;
	struct account state;
	bool in = false;

	pthread_mutex_lock(&backoff->mutex);
	for (;;) {
		int64_t now = clock_ms();
		bool owner = try->familiar || is_friend(backoff, try->account, try->client, now);
		unsigned limit = owner ? rule->owner : rule->strangers;

		state = load(backoff, try->account, now);
		/* Taken over: others wait here with an older number of the directory. */
		if (state.failures < try->elsewhere)
			state = (struct account){ try->elsewhere, state.pending,
						  now + rule->window };
		in = state.failures + state.pending < limit;
		if (in || state.pending == 0 || state.failures >= limit)
			break;
		if (!thread_wait(&backoff->changed, &backoff->mutex, deadline))
			break;
	}
	if (in) {
		int64_t soonest = clock_ms() + rule->window;

		state.pending++;
		if (state.forgets < soonest && state.failures == 0)
			state.forgets = soonest;
		save(backoff, try->account, &state, state.forgets);
	}
	pthread_mutex_unlock(&backoff->mutex);
	return in;
}

void backoff_leave(struct backoff *backoff, const struct backoff_try *try, enum backoff_end end)
{
	int64_t now = clock_ms();
	struct account state;

	pthread_mutex_lock(&backoff->mutex);
	state = load(backoff, try->account, now);
	if (state.pending > 0)
		state.pending--;
	if (end == BACKOFF_RIGHT) {
		state.failures = 0; /* AD forgets too */
		befriend(backoff, try->account, try->client, now);
	}
	if (end == BACKOFF_WRONG) {
		state.failures++;
		state.forgets = now + try->rule.window;
	}
	if (state.failures == 0 && state.pending == 0)
		table_drop(backoff->accounts, span_text(try->account));
	else
		save(backoff, try->account, &state,
		     state.forgets > now ? state.forgets : now + 1000);
	pthread_cond_broadcast(&backoff->changed);
	pthread_mutex_unlock(&backoff->mutex);
}

bool backoff_is_friend(struct backoff *backoff, const char *account, const char *client)
{
	bool friend;

	pthread_mutex_lock(&backoff->mutex);
	friend = is_friend(backoff, account, client, clock_ms());
	pthread_mutex_unlock(&backoff->mutex);
	return friend;
}

struct backoff_state backoff_look(struct backoff *backoff, const char *account)
{
	int64_t now = clock_ms();
	struct account state;

	pthread_mutex_lock(&backoff->mutex);
	state = load(backoff, account, now);
	pthread_mutex_unlock(&backoff->mutex);
	return (struct backoff_state){
		.failures = state.failures,
		.pending = state.pending,
		.left = state.failures && state.forgets > now ? state.forgets - now : 0,
	};
}

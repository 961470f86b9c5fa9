/* SPDX-License-Identifier: ISC */
#include "directory/checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/locator.h"
#include "directory/threads.h"

enum { SERVERS_TRIED = 3 };

struct idle {
	struct idle *next;
	struct connection connection;
};

struct checker {
	const struct conf_directory *conf;
	struct locator *locator;
	struct watchdog *watchdog;
	pthread_mutex_t mutex;
	pthread_cond_t room;
	struct idle *idle; /* the last used first, so that surplus ones grow old */
	unsigned busy;
};

struct checker *checker_new(const struct conf_directory *conf, struct locator *locator,
			    struct watchdog *watchdog)
{
	struct checker *checker = memory_new(sizeof(*checker));

	checker->conf = conf;
	checker->locator = locator;
	checker->watchdog = watchdog;
	pthread_mutex_init(&checker->mutex, NULL);
	thread_cond_init(&checker->room);
	return checker;
}

void checker_free(struct checker *checker)
{
	struct idle *next;

	if (!checker)
		return;
	for (struct idle *idle = checker->idle; idle; idle = next) {
		next = idle->next;
		connection_close(&idle->connection);
		free(idle);
	}
	pthread_cond_destroy(&checker->room);
	pthread_mutex_destroy(&checker->mutex);
	free(checker);
}

static bool enter(struct checker *checker, int64_t deadline)
{
	bool in = true;

	pthread_mutex_lock(&checker->mutex);
	while (in && checker->busy >= checker->conf->password_checks)
		in = thread_wait(&checker->room, &checker->mutex, deadline);
	checker->busy += in;
	pthread_mutex_unlock(&checker->mutex);
	return in;
}

static void leave(struct checker *checker)
{
	pthread_mutex_lock(&checker->mutex);
	checker->busy--;
	pthread_cond_signal(&checker->room);
	pthread_mutex_unlock(&checker->mutex);
}

static bool is_fresh(const struct checker *checker, const struct connection *connection,
		     const struct server *server)
{
	return clock_ms() - connection->born < (int64_t)checker->conf->recycle * 1000 &&
	       strcmp(connection->server, server->name) == 0 && connection_is_quiet(connection);
}

/* An idle connection to that server that still lives; those that do not are closed on the way. */
static bool take_idle(struct checker *checker, const struct server *server,
		      struct connection *connection)
{
	for (;;) {
		struct idle *idle;
		bool fresh;

		pthread_mutex_lock(&checker->mutex);
		idle = checker->idle;
		if (idle)
			checker->idle = idle->next;
		pthread_mutex_unlock(&checker->mutex);
		if (!idle)
			return false;
		fresh = is_fresh(checker, &idle->connection, server);
		if (fresh)
			*connection = idle->connection;
		else
			connection_close(&idle->connection);
		free(idle);
		if (fresh)
			return true;
	}
}

static void give_back(struct checker *checker, struct connection *connection)
{
	struct idle *idle = memory_new(sizeof(*idle));

	idle->connection = *connection;
	pthread_mutex_lock(&checker->mutex);
	idle->next = checker->idle;
	checker->idle = idle;
	pthread_mutex_unlock(&checker->mutex);
}

static bool connect_to(struct checker *checker, const struct server *server, int64_t deadline,
		       struct connection *connection, char why[CONNECTION_TEXT_SIZE])
{
	int64_t patience = clock_ms() + (int64_t)checker->conf->timeout * 1000;

	if (take_idle(checker, server, connection))
		return true;
	if (patience > deadline)
		patience = deadline;
	if (connection_open(connection, checker->conf, server, CONNECTION_FOR_PASSWORDS,
			    checker->watchdog, patience, why)) {
		if (checker->conf->fast_bind)
			(void)connection_fast_bind(connection, patience);
		return true;
	}
	locator_failed(checker->locator, CONNECTION_FOR_PASSWORDS, server->name, why);
	return false;
}

/* Nothing is sent here, so trying the next server is harmless. `but_not`: as in locator.h. */
static bool obtain(struct checker *checker, const char *but_not, int64_t deadline,
		   struct connection *connection, struct checker_answer *answer)
{
	struct server server;
	char why[CONNECTION_TEXT_SIZE];

	for (int i = 0; i < SERVERS_TRIED && clock_ms() < deadline; i++) {
		if (!locator_choose_password(checker->locator, but_not, &server))
			break;
		if (connect_to(checker, &server, deadline, connection, why))
			return true;
		memcpy(answer->server, server.name, sizeof(answer->server));
		snprintf(answer->cause, sizeof(answer->cause), "%s", why);
		but_not = answer->server;
	}
	if (!answer->cause[0])
		locator_reason(checker->locator, answer->cause, sizeof(answer->cause));
	return false;
}

static void judge(const struct checker *checker, const struct connection_reply *reply,
		  struct checker_answer *answer)
{
	bool ad = checker->conf->schema.active_directory;
	struct span text = span_text(reply->diagnostic);
	const char *meaning, *remedy;

	answer->sub_code = ad ? error_sub_code(text) : 0;
	answer->result = error_password_result(reply->result, answer->sub_code, ad);
	meaning = error_sub_code_meaning(answer->sub_code);
	remedy = error_remedy(reply->result, answer->sub_code);
	if (reply->result == LDAP_SUCCESS)
		snprintf(answer->cause, sizeof(answer->cause), "password proved");
	else if (meaning)
		snprintf(answer->cause, sizeof(answer->cause), "%s (data %x)%s%s", meaning,
			 (unsigned)answer->sub_code, remedy ? ": " : "", remedy ? remedy : "");
	else
		snprintf(answer->cause, sizeof(answer->cause), "%s (%d)%s%.100s%s%s",
			 ldap_err2string(reply->result), reply->result,
			 reply->diagnostic[0] ? ": " : "", reply->diagnostic, remedy ? ": " : "",
			 remedy ? remedy : "");
}

/* After these results the connection is good for the next bind. */
static bool is_reusable(int result)
{
	return result == LDAP_SUCCESS || result == LDAP_INVALID_CREDENTIALS ||
	       result == LDAP_INAPPROPRIATE_AUTH;
}

static void tell_locator(const struct checker *checker, const struct checker_answer *answer)
{
	if (answer->result == PASSWORD_TEMPORARY)
		locator_failed(checker->locator, CONNECTION_FOR_PASSWORDS, answer->server,
			       answer->cause);
	else
		locator_succeeded(checker->locator, CONNECTION_FOR_PASSWORDS, answer->server);
}

/* False: this server refused to look at the password at all, another may. */
static bool ask(struct checker *checker, struct connection *connection, const char *dn,
		struct span password, int64_t deadline, struct checker_answer *answer)
{
	int64_t patience = clock_ms() + (int64_t)checker->conf->timeout * 1000;
	struct connection_reply reply;

	connection_bind_simple(connection, dn, password, patience < deadline ? patience : deadline,
			       &reply);
	memcpy(answer->server, connection->server, sizeof(answer->server));
	judge(checker, &reply, answer);
	if (is_reusable(reply.result) && answer->result != PASSWORD_TEMPORARY)
		give_back(checker, connection);
	else
		connection_close(connection);
	tell_locator(checker, answer);
	return answer->result != PASSWORD_TEMPORARY || !error_is_refusal(reply.result);
}

void checker_check(struct checker *checker, const char *dn, struct span password, int64_t deadline,
		   struct checker_answer *answer)
{
	int64_t patience = clock_ms() + (int64_t)checker->conf->timeout * 1000;
	char refused[SERVER_NAME_SIZE];
	struct connection connection;

	*answer = (struct checker_answer){ .result = PASSWORD_TEMPORARY };
	if (password.length == 0 || dn[0] == '\0') {
		answer->result = PASSWORD_WRONG;
		snprintf(answer->cause, sizeof(answer->cause), "empty password");
		return;
	}
	if (!enter(checker, patience < deadline ? patience : deadline)) {
		snprintf(answer->cause, sizeof(answer->cause), "too many password checks at once");
		return;
	}
	if (obtain(checker, NULL, deadline, &connection, answer) &&
	    !ask(checker, &connection, dn, password, deadline, answer)) {
		memcpy(refused, answer->server, sizeof(refused));
		if (obtain(checker, refused, deadline, &connection, answer))
			(void)ask(checker, &connection, dn, password, deadline, answer);
	}
	leave(checker);
}

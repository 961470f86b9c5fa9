/* SPDX-License-Identifier: ISC */
/*
 * An owner of a POP3 engine for the tests: a directory of a few users, one
 * maildrop, a stream that may be full or split its input anywhere, answers given
 * inside the ask or later. What the engine did is kept as text.
 */
#ifndef TESTS_UNIT_POP3_SCENE_H
#define TESTS_UNIT_POP3_SCENE_H

#include "base/buffer.h"
#include "base/memory.h"
#include "pop3/pop3_server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scene {
	struct pop3_profile profile;
	struct pop3_server *server;
	bool delayed;     /* answers come when the engine has returned */
	bool full_often;  /* writable says no at moments of its own */
	size_t read_size; /* octets a read() gives at most */
	unsigned random;
	/* What happened. */
	struct buffer input, output, asks, notes;
	size_t writes;
	bool closed, full, tls_asked, certificate, exchanging;
	const char *token; /* of the challenge that is due */
	void (*answer)(struct scene *scene); /* the answer that is due */
	/* The maildrop. */
	const char *const *texts;
	struct maildrop_entry few[8];
	const struct maildrop_entry *entries;
	struct pop3_maildrop maildrop;
	const char *open;
	size_t open_left;
	enum pop3_code code;
	const char *why;
	enum outcome removal;
};

static inline unsigned scene_random(struct scene *scene)
{
	scene->random = scene->random * 1103515245u + 12345u;
	return scene->random >> 16 & 0x7fff;
}

static inline void scene_write(void *owner, const char *bytes, size_t length)
{
	struct scene *scene = owner;

	scene->writes++;
	buffer_add(&scene->output, bytes, length);
}

static inline bool scene_writable(void *owner)
{
	struct scene *scene = owner;

	if (scene->full_often && scene_random(scene) % 3 == 0)
		scene->full = true;
	return !scene->full;
}

static inline void scene_due(struct scene *scene, void (*answer)(struct scene *scene))
{
	if (scene->delayed)
		scene->answer = answer;
	else
		answer(scene);
}

static inline void scene_tls(struct scene *scene)
{
	pop3_server_tls_started(scene->server, scene->certificate);
}

static inline void scene_start_tls(void *owner)
{
	struct scene *scene = owner;

	buffer_add_text(&scene->output, "<tls>");
	scene->tls_asked = true;
	scene_due(scene, scene_tls);
}

static inline void scene_close(void *owner)
{
	struct scene *scene = owner;

	buffer_add_text(&scene->output, "<close>");
	scene->closed = true;
}

static inline void scene_opened(struct scene *scene)
{
	pop3_server_opened(scene->server, &scene->maildrop);
}

static inline void scene_refused(struct scene *scene)
{
	pop3_server_refused(scene->server, scene->code, scene->why);
}

static inline void scene_message(struct scene *scene)
{
	pop3_server_message(scene->server);
}

static inline void scene_removed(struct scene *scene)
{
	pop3_server_removed(scene->server, scene->removal, 0);
}

struct scene_user {
	const char *name, *password;
	enum pop3_code code; /* NONE: opens */
	const char *why;
};

static const struct scene_user scene_users[] = {
	{ "alice", "Alice-Pw1", POP3_CODE_NONE, NULL },
	{ "alice", " two  spaces ", POP3_CODE_NONE, NULL },
	{ "CORP\\alice", "Alice-Pw1", POP3_CODE_NONE, NULL },
	{ "j\xc3\xb6rg", "gr\xc3\xbc\xc3\x9f", POP3_CODE_NONE, NULL },
	{ "busy", "x", POP3_CODE_IN_USE, NULL },
	{ "down", "x", POP3_CODE_SYS_TEMP, NULL },
	{ "broken", "x", POP3_CODE_SYS_PERM, NULL },
	{ "soon", "x", POP3_CODE_LOGIN_DELAY, NULL },
	{ "dave", "x", POP3_CODE_AUTH, "Password expired;\r\n+OK not this line" },
};

static inline void scene_ask_login(void *owner, const struct pop3_login *login)
{
	struct scene *scene = owner;

	buffer_add_format(&scene->asks, "login %s %s|%s|%s;", login->mechanism, login->authzid,
			  login->user, login->password);
	scene->code = POP3_CODE_AUTH;
	scene->why = NULL;
	for (size_t i = 0; i < sizeof scene_users / sizeof scene_users[0]; i++) {
		const struct scene_user *user = &scene_users[i];

		if (strcmp(user->name, login->user) || strcmp(user->password, login->password))
			continue;
		scene->code = user->code;
		scene->why = user->why;
	}
	scene_due(scene, scene->code == POP3_CODE_NONE ? scene_opened : scene_refused);
}

static const struct mechanism scene_mechanisms[] = {
	{ "GSSAPI", MECHANISM_IN_PLAIN | MECHANISM_IN_TLS },
	{ "NTLM", MECHANISM_IN_TLS },
	{ "EXTERNAL", MECHANISM_IN_TLS | MECHANISM_WITH_CERTIFICATE },
	{ NULL, 0 },
};

static inline void scene_challenge(struct scene *scene)
{
	pop3_server_challenge(scene->server, span_text(scene->token));
}

/* A mechanism in which the client says how it goes on. */
static inline void scene_ask_exchange(void *owner, const struct mechanism_message *message)
{
	struct scene *scene = owner;
	struct span response = message->response;

	assert(message->first == !scene->exchanging);
	assert(response.at[response.length] == '\0' && !scene->closed);
	if (response.length < 100)
		buffer_add_format(&scene->asks, "%s %s;", message->mechanism, response.at);
	else
		buffer_add_format(&scene->asks, "%s %zu octets;", message->mechanism,
				  response.length);
	scene->why = NULL;
	scene->exchanging = span_is(response, "more") || span_is(response, "data") ||
			    response.length > 100;
	scene->token = span_is(response, "data") ? "proof" : "go on";
	scene->code = span_is(response, "down")	    ? POP3_CODE_SYS_TEMP
		      : span_is(response, "in use") ? POP3_CODE_IN_USE
						    : POP3_CODE_AUTH;
	if (scene->exchanging)
		scene_due(scene, scene_challenge);
	else if (span_is(response, "ok") || (response.length == 0 && !message->first))
		scene_due(scene, scene_opened);
	else
		scene_due(scene, scene_refused);
}

static inline void scene_drop_exchange(void *owner)
{
	struct scene *scene = owner;

	assert(scene->exchanging && !scene->closed);
	scene->exchanging = false;
	buffer_add_text(&scene->asks, "drop;");
}

static inline void scene_ask_message(void *owner, size_t number)
{
	struct scene *scene = owner;

	buffer_add_format(&scene->asks, "message %zu;", number);
	scene->open = scene->texts[number - 1];
	scene->code = POP3_CODE_SYS_TEMP;
	scene->why = NULL;
	if (scene->open == NULL) {
		scene_due(scene, scene_refused);
		return;
	}
	scene->open_left = strlen(scene->open);
	scene_due(scene, scene_message);
}

static inline void scene_ask_remove(void *owner, const size_t *numbers, size_t count)
{
	struct scene *scene = owner;

	buffer_add_text(&scene->asks, "remove");
	for (size_t i = 0; i < count; i++)
		buffer_add_format(&scene->asks, " %zu", numbers[i]);
	buffer_add_text(&scene->asks, ";");
	scene_due(scene, scene_removed);
}

static inline void scene_quota(struct scene *scene)
{
	pop3_server_quota(scene->server, scene->removal, 4096, 1048576);
}

static inline void scene_ask_quota(void *owner)
{
	struct scene *scene = owner;

	buffer_add_text(&scene->asks, "quota;");
	scene_due(scene, scene_quota);
}

/* A message that contains a \v cannot be read beyond it. */
static inline long scene_read(void *owner, char *to, size_t size)
{
	struct scene *scene = owner;
	size_t length = scene->open_left;

	if (length > scene->read_size)
		length = scene->read_size;
	if (length > size)
		length = size;
	if (memchr(scene->open, '\v', length) != NULL)
		return -1;
	memcpy(to, scene->open, length);
	scene->open += length;
	scene->open_left -= length;
	return (long)length;
}

static inline void scene_note(void *owner, const char *event, const char *detail, const char *reply)
{
	struct scene *scene = owner;

	buffer_add_format(&scene->notes, "%s %s %s;", event, detail ? detail : "-",
			  reply ? reply : "-");
}

static const struct pop3_calls scene_calls = {
	.write = scene_write,
	.writable = scene_writable,
	.start_tls = scene_start_tls,
	.close = scene_close,
	.ask_login = scene_ask_login,
	.ask_exchange = scene_ask_exchange,
	.drop_exchange = scene_drop_exchange,
	.ask_message = scene_ask_message,
	.ask_remove = scene_ask_remove,
	.ask_quota = scene_ask_quota,
	.read = scene_read,
	.note = scene_note,
};

static inline const struct maildrop_entry *scene_entry(const struct pop3_maildrop *maildrop,
							 size_t number)
{
	const char *scene = (const char *)maildrop - offsetof(struct scene, maildrop);

	return &((const struct scene *)scene)->entries[number - 1];
}

static inline void scene_init(struct scene *scene, const char *const *texts)
{
	static const char *const uids[] = { "uid-a", "uid-b", "uid-c", "uid-d",
					    "uid-e", "uid-f", "uid-g", "uid-h" };

	*scene = (struct scene){ .profile = { .fqdn = "mail.corp.example",
					      .starttls = true,
					      .basic = true,
					      .implementation = "Postern",
					      .bad_commands = 10 },
				 .read_size = 16384,
				 .random = 1,
				 .texts = texts };
	for (size_t i = 0; texts != NULL && i < 8 && texts[i] != NULL; i++) {
		scene->few[i].size = strlen(texts[i]);
		strcpy(scene->few[i].uid, uids[i]);
		scene->maildrop.count = i + 1;
		scene->maildrop.octets += scene->few[i].size;
	}
	scene->maildrop.entry = scene_entry;
	scene->entries = scene->few;
	scene->server = pop3_server_new(&scene->profile, &scene_calls, scene);
}

static inline void scene_clear(struct scene *scene)
{
	pop3_server_free(scene->server);
	buffer_clear(&scene->input);
	buffer_clear(&scene->output);
	buffer_clear(&scene->asks);
	buffer_clear(&scene->notes);
}

/* One thing that the world does now: an answer, room in the output, or input. False: nothing to do.
 */
static inline bool scene_turn(struct scene *scene)
{
	void (*answer)(struct scene * scene) = scene->answer;
	size_t used;

	if (answer != NULL) {
		scene->answer = NULL;
		answer(scene);
		return true;
	}
	if (scene->full) {
		scene->full = false;
		pop3_server_drained(scene->server);
		return true;
	}
	if (scene->closed || buffer_used(&scene->input) == 0)
		return false;
	used = pop3_server_feed(scene->server, buffer_bytes(&scene->input),
				buffer_used(&scene->input));
	if (scene->tls_asked)
		used = buffer_used(&scene->input); /* as a stream does: RFC 3207 section 6 */
	scene->tls_asked = false;
	buffer_consume(&scene->input, used);
	return used > 0;
}

static inline void scene_feed(struct scene *scene, const char *bytes, size_t length)
{
	buffer_add(&scene->input, bytes, length);
	while (scene_turn(scene))
		;
}

static inline char *scene_text(const struct buffer *buffer)
{
	struct span span = buffer_span(buffer);

	return memory_text_n(span.at, span.length);
}

#endif

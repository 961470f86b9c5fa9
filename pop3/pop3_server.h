/* SPDX-License-Identifier: ISC */
/*
 * The server side of a POP3 session (RFC 1939, 2449, 2595, 3206, 5034, 6856):
 * bytes in, bytes out, a struct of calls, as the SMTP engine. A long reply (LIST,
 * UIDL, RETR, TOP) is a continuation: it runs while the owner's output is under
 * its watermark and is resumed with pop3_server_drained.
 *
 * Line ends: CRLF is what RFC 1939 section 3 wants, a bare LF is taken as well.
 * It harms nothing here, since no POP3 command carries a body that could hide
 * another one. Any other control character in a command is refused.
 */
#ifndef POP3_POP3_SERVER_H
#define POP3_POP3_SERVER_H

#include "base/outcome.h"
#include "mail/maildrop_entry.h"
#include "mail/mechanism.h"

#define POP3_LINE_MAX 512   /* command line with CRLF (RFC 2449 section 4: 255, UTF-8 and names need more) */
#define POP3_LOGIN_MAX 12288 /* AUTH lines of PLAIN and LOGIN; RFC 5034 section 4 */
#define POP3_AUTH_MAX 65536 /* of the owner's mechanisms: tickets of people in many groups */
#define POP3_NAME_MAX 512   /* octets of a user name or authorization identity handed to ask_login */
#define POP3_PASSWORD_MAX 1024 /* octets of a password; AD takes 256 UTF-16 units */

struct pop3_profile {
	const char *fqdn;
	bool starttls;          /* STLS offered while plain */
	bool basic;             /* USER/PASS and AUTH PLAIN/LOGIN at all; false: secure authentication is required */
	bool basic_without_tls; /* they are taken before TLS as well */
	const struct mechanism *mechanisms; /* that AUTH offers besides; NULL = none */
	bool proxies; /* sessions may go on elsewhere: XPROXIED is offered, so that they do not go round */
	const char *implementation; /* for CAPA IMPLEMENTATION */
	unsigned bad_commands;  /* then close */
};

struct pop3_login {
	const char *mechanism; /* "USER", "PLAIN", "LOGIN" */
	const char *authzid;   /* "" = none */
	const char *user;      /* as typed */
	const char *password;  /* never empty, never with NUL; wiped by the engine after the call */
};

struct pop3_maildrop { /* the owner's; must stay until pop3_server_free */
	size_t count;
	uint64_t octets; /* of all messages */
	/* Of message 1 to count. The terminator of its uid is not relied on. */
	const struct maildrop_entry *(*entry)(const struct pop3_maildrop *maildrop, size_t number);
};

enum pop3_code { POP3_CODE_NONE, POP3_CODE_AUTH, POP3_CODE_IN_USE, POP3_CODE_SYS_TEMP, POP3_CODE_SYS_PERM,
		 POP3_CODE_LOGIN_DELAY };

const char *pop3_code_text(enum pop3_code code); /* "[AUTH] ", as it stands before the text; "" = none */

struct pop3_calls {
	void (*write)(void *owner, const char *bytes, size_t length);
	bool (*writable)(void *owner); /* the output is under its watermark */
	void (*start_tls)(void *owner); /* +OK was written; then pop3_server_tls_started */
	void (*close)(void *owner); /* always the engine's last act in a call: it may be freed here */
	/* Asks; one outstanding. */
	void (*ask_login)(void *owner, const struct pop3_login *login); /* -> pop3_server_opened or _refused */
	/* The next message of an exchange in one of the profile's mechanisms. -> pop3_server_challenge, to hear the
	 * client once more, or finally _opened or _refused. Data that goes with a success is sent as a challenge, to
	 * which the client responds with nothing: no reply of RFC 5034 carries any. */
	void (*ask_exchange)(void *owner, const struct mechanism_message *message);
	/* An exchange that was asked for ends without a final answer: the client cancelled it or sent what is no
	 * response, or the session ends. Forget its state. Called before close; also while its ask is outstanding, the
	 * answer to which is not wanted any more. Never behind a final answer, never twice. */
	void (*drop_exchange)(void *owner);
	void (*ask_quota)(void *owner); /* XQUOTA -> pop3_server_quota */
	void (*ask_message)(void *owner, size_t number); /* -> pop3_server_message or _refused */
	/* QUIT: remove these (numbers ascending; they stay until the answer; not asked when there are none).
	 * -> pop3_server_removed */
	void (*ask_remove)(void *owner, const size_t *numbers, size_t count);
	/* The next bytes of the message now open: count read, 0 at the end, -1 on trouble (the session is closed,
	 * because a multi-line reply cannot report an error). */
	long (*read)(void *owner, char *to, size_t size);
	/* For the log: pop3.refused, pop3.too_many_errors, pop3.timeout, pop3.expelled, pop3.read_failed. detail: the verb, or NULL
	 * when it was none; never what the client typed, which might be a password out of place. reply may be NULL. */
	void (*note)(void *owner, const char *event, const char *detail, const char *reply);
};

struct pop3_server;

struct pop3_server *pop3_server_new(const struct pop3_profile *profile, const struct pop3_calls *calls,
				    void *owner);
void pop3_server_free(struct pop3_server *server); /* wipes; calls no call, drop_exchange included */
void pop3_server_greet(struct pop3_server *server);
void pop3_server_refuse(struct pop3_server *server, const char *why); /* -ERR [SYS/TEMP] why, close */
void pop3_server_timeout(struct pop3_server *server); /* close without UPDATE (RFC 1939 section 3) */
/* The login is not good any more: closed without UPDATE, whatever goes on. */
void pop3_server_expel(struct pop3_server *server);
/*
 * As smtp_server_feed. While the output is over its watermark no further command is taken: waiting is true until
 * drained. After STLS all that came with it is used up and thrown away.
 */
size_t pop3_server_feed(struct pop3_server *server, const char *bytes, size_t length);
/* An ask, a handshake or a long reply is outstanding: feed would use nothing. */
bool pop3_server_waiting(const struct pop3_server *server);
void pop3_server_drained(struct pop3_server *server);       /* output went under the watermark */

/* The answer to ask_exchange that wants another response: "+ " with the token, which is copied. */
void pop3_server_challenge(struct pop3_server *server, struct span token);
void pop3_server_opened(struct pop3_server *server, const struct pop3_maildrop *maildrop);
/*
 * Likewise: what follows is between the client and another server, which says "+OK text" by us. The
 * engine has done: no call follows, and nothing is to be fed. Never from inside ask_login or ask_exchange.
 */
void pop3_server_elsewhere(struct pop3_server *server, const char *text);
/* The client is a gateway that has sent on a session of its own (XPROXIED). */
bool pop3_server_proxied(const struct pop3_server *server);
/* Answers to a session that was closed meanwhile are ignored. */
/* Answer to ask_login, ask_exchange or ask_message: code and text as sent to the client. text may be NULL. */
void pop3_server_refused(struct pop3_server *server, enum pop3_code code, const char *text);
void pop3_server_message(struct pop3_server *server); /* open: read() may be called */
/* removed: how many really went; OUTCOME_TEMP is "-ERR some deleted messages not removed". */
void pop3_server_removed(struct pop3_server *server, enum outcome outcome, size_t removed);
/* Octets in the mailbox, and how many it takes (0 = no limit); not OK: they are not known now. */
void pop3_server_quota(struct pop3_server *server, enum outcome outcome, uint64_t used, uint64_t limit);
/* After start_tls, or before the greeting on a port with implicit TLS. All state before it is forgotten. certificate:
 * the client showed one that was verified. */
void pop3_server_tls_started(struct pop3_server *server, bool certificate);
bool pop3_server_in_transaction(const struct pop3_server *server); /* a maildrop is open */

#endif

/* SPDX-License-Identifier: ISC */
/*
 * What the libraries allow: bound_gss KEYTAB TICKETS HOST DOMAIN SECONDS
 * Kerberos: bare gss_accept_sec_context of MIT krb5 in one process and one thread, on tokens
 * made beforehand, with the replay cache that it has of itself. NTLM: bare contexts of gss-ntlmssp
 * in eight threads, client and server, each a question to winbind and through it to the domain.
 */
#include "tests/bench/load_gss.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOKENS_MAX = 20000, USERS = 8 };

static double deadline;
static atomic_ulong accepted;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void need(enum gss_client_kind kind, OM_uint32 major, OM_uint32 minor, const char *what)
{
	if (!gss_client_good(kind, major, minor, what))
		exit(1);
}

static void print_bound(const char *name, unsigned long count, double seconds, unsigned threads)
{
	printf("bound %s=%.0f unit=1/s threads=%u\n", name, (double)count / seconds, threads);
	fflush(stdout);
}

static gss_cred_id_t acceptor(enum gss_client_kind kind)
{
	gss_OID_set_desc only = { 1, gss_client_mechanism(kind) };
	gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
	OM_uint32 minor, major = gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &only,
						  GSS_C_ACCEPT, &credential, NULL, NULL);

	need(kind, major, minor, "no credential to accept with");
	return credential;
}

/* The server's side of one message. */
static OM_uint32 step_server(enum gss_client_kind kind, gss_cred_id_t credential,
			     gss_ctx_id_t *context, gss_buffer_t input, gss_buffer_t output)
{
	OM_uint32 minor, major = gss_accept_sec_context(&minor, context, credential, input,
							GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
							output, NULL, NULL, NULL);

	need(kind, major, minor, "not accepted");
	return major;
}

static OM_uint32 step_client(enum gss_client_kind kind, unsigned user, gss_ctx_id_t *context,
			     gss_buffer_t input, gss_buffer_t output)
{
	OM_uint32 minor, major = gss_client_step(user, context, input, output, &minor);

	need(kind, major, minor, "no token");
	return major;
}

/* --- Kerberos --- */

static size_t make_tokens(gss_buffer_desc *tokens, double seconds)
{
	double end = now() + seconds;
	size_t count = 0;

	while (count < TOKENS_MAX && now() < end) {
		gss_ctx_id_t context = GSS_C_NO_CONTEXT;
		OM_uint32 minor;

		(void)step_client(GSS_CLIENT_KERBEROS, (unsigned)(count % USERS), &context,
				  GSS_C_NO_BUFFER, &tokens[count]);
		count++;
		gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
	}
	return count;
}

static void accept_kerberos(double seconds)
{
	gss_buffer_desc *tokens = calloc(TOKENS_MAX, sizeof(*tokens));
	gss_cred_id_t credential = acceptor(GSS_CLIENT_KERBEROS);
	size_t made = tokens ? make_tokens(tokens, seconds) : 0, count = 0;
	double begun = now();

	while (count < made && now() < begun + seconds) {
		gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
		gss_ctx_id_t context = GSS_C_NO_CONTEXT;
		OM_uint32 minor;

		(void)step_server(GSS_CLIENT_KERBEROS, credential, &context, &tokens[count++],
				  &output);
		gss_release_buffer(&minor, &output);
		gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
	}
	print_bound("gss_accepts", count, now() - begun, 1);
}

/* --- NTLM --- */

static void one_ntlm(gss_cred_id_t credential, unsigned user)
{
	gss_buffer_desc sent = GSS_C_EMPTY_BUFFER, answer = GSS_C_EMPTY_BUFFER;
	gss_ctx_id_t client = GSS_C_NO_CONTEXT, server = GSS_C_NO_CONTEXT;
	OM_uint32 major = GSS_S_CONTINUE_NEEDED, ignored;

	while (major & GSS_S_CONTINUE_NEEDED) {
		gss_release_buffer(&ignored, &sent);
		(void)step_client(GSS_CLIENT_NTLM, user, &client, &answer, &sent);
		gss_release_buffer(&ignored, &answer);
		major = step_server(GSS_CLIENT_NTLM, credential, &server, &sent, &answer);
	}
	gss_release_buffer(&ignored, &sent);
	gss_release_buffer(&ignored, &answer);
	gss_delete_sec_context(&ignored, &client, GSS_C_NO_BUFFER);
	gss_delete_sec_context(&ignored, &server, GSS_C_NO_BUFFER);
}

static void *ntlm_all(void *argument)
{
	gss_cred_id_t credential = acceptor(GSS_CLIENT_NTLM);
	unsigned user = *(unsigned *)argument;

	while (now() < deadline) {
		one_ntlm(credential, user);
		atomic_fetch_add(&accepted, 1);
	}
	return NULL;
}

static void check_ntlm(double seconds)
{
	pthread_t threads[USERS];
	unsigned users[USERS];
	double begun = now();

	deadline = begun + seconds;
	for (unsigned i = 0; i < USERS; i++) {
		users[i] = i;
		if (pthread_create(&threads[i], NULL, ntlm_all, &users[i]) != 0)
			exit(1);
	}
	for (unsigned i = 0; i < USERS; i++)
		pthread_join(threads[i], NULL);
	print_bound("winbind_checks", atomic_load(&accepted), now() - begun, USERS);
}

int main(int argc, char **argv)
{
	double seconds = argc == 6 ? atof(argv[5]) : 0;
	struct gss_client_place place;

	if (seconds <= 0) {
		fprintf(stderr, "usage: bound_gss KEYTAB TICKETS HOST DOMAIN SECONDS\n");
		return 2;
	}
	place = (struct gss_client_place){ .tickets = argv[2], .host = argv[3], .domain = argv[4] };
	setenv("KRB5_KTNAME", argv[1], 1);
	if (!gss_client_prepare(GSS_CLIENT_KERBEROS, &place, 0, USERS))
		return 1;
	accept_kerberos(seconds);
	if (!gss_client_prepare(GSS_CLIENT_NTLM, &place, 0, USERS))
		return 1;
	check_ntlm(seconds);
	return 0;
}

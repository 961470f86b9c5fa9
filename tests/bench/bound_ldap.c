/* SPDX-License-Identifier: ISC */
/*
 * What slapd allows: bound_ldap URI SUFFIX DOMAIN USERS SECONDS
 * Simple binds as uid=uN,ou=people,SUFFIX and searches for (mail=uN@DOMAIN), 16 connections
 * each with one request in flight.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ldap.h>

#define THREADS 16

static const char *uri, *suffix, *domain;
static unsigned users;
static double deadline;
static atomic_ulong next;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void need(int result, const char *what)
{
	if (result != LDAP_SUCCESS) {
		fprintf(stderr, "%s: %s\n", what, ldap_err2string(result));
		exit(1);
	}
}

static LDAP *connection_open(void)
{
	const int version = LDAP_VERSION3;
	LDAP *ldap;

	need(ldap_initialize(&ldap, uri), uri);
	need(ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version), "version");
	return ldap;
}

static void *bind_all(void *argument)
{
	LDAP *ldap = connection_open();

	while (now() < deadline) {
		unsigned user = (unsigned)(atomic_fetch_add(&next, 1) % users);
		char name[256], password[32];
		struct berval secret = { .bv_val = password };

		snprintf(name, sizeof(name), "uid=u%u,ou=people,%s", user, suffix);
		secret.bv_len = (ber_len_t)snprintf(password, sizeof(password), "pw%u", user);
		need(ldap_sasl_bind_s(ldap, name, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL),
		     name);
	}
	ldap_unbind_ext_s(ldap, NULL, NULL);
	return argument;
}

static void *search_all(void *argument)
{
	LDAP *ldap = connection_open();
	char base[200];

	snprintf(base, sizeof(base), "ou=people,%s", suffix);
	while (now() < deadline) {
		unsigned user = (unsigned)(atomic_fetch_add(&next, 1) % users);
		LDAPMessage *found = NULL;
		char filter[256];

		snprintf(filter, sizeof(filter), "(mail=u%u@%s)", user, domain);
		need(ldap_search_ext_s(ldap, base, LDAP_SCOPE_SUBTREE, filter, NULL, 0, NULL, NULL,
				       NULL, 2, &found),
		     filter);
		if (ldap_count_entries(ldap, found) != 1)
			need(LDAP_NO_SUCH_OBJECT, filter);
		ldap_msgfree(found);
	}
	ldap_unbind_ext_s(ldap, NULL, NULL);
	return argument;
}

static void measure(const char *name, void *(*work)(void *), double seconds)
{
	pthread_t threads[THREADS];
	double started = now();

	atomic_store(&next, 0);
	deadline = started + seconds;
	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			need(LDAP_NO_MEMORY, "pthread_create");
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("bound %s=%.0f unit=1/s connections=%d entries=%u\n", name,
	       (double)atomic_load(&next) / (now() - started), THREADS, users);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc != 6 || atof(argv[5]) <= 0 || atoi(argv[4]) <= 0) {
		fprintf(stderr, "usage: bound_ldap URI SUFFIX DOMAIN USERS SECONDS\n");
		return 2;
	}
	uri = argv[1];
	suffix = argv[2];
	domain = argv[3];
	users = (unsigned)atoi(argv[4]);
	measure("slapd_binds", bind_all, atof(argv[5]));
	measure("slapd_searches", search_all, atof(argv[5]));
	return 0;
}

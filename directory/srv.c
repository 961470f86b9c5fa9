/* SPDX-License-Identifier: ISC */
#include "directory/srv.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

enum { SRV_FIXED = 6, ANSWER_SIZE = 8192 };

static bool parse_record(ns_msg *message, int index, struct srv *srv)
{
	ns_rr record;
	const unsigned char *data;

	if (ns_parserr(message, ns_s_an, index, &record) != 0 || ns_rr_type(record) != ns_t_srv ||
	    ns_rr_rdlen(record) <= SRV_FIXED)
		return false;
	data = ns_rr_rdata(record);
	srv->priority = (uint16_t)ns_get16(data);
	srv->weight = (uint16_t)ns_get16(data + 2);
	srv->port = (uint16_t)ns_get16(data + 4);
	if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), data + SRV_FIXED,
			       srv->host, sizeof(srv->host)) < 0)
		return false;
	/* RFC 2782: a target of "." says that the service is decidedly not available. */
	return srv->host[0] != '\0' && strcmp(srv->host, ".") != 0 && srv->port != 0;
}

size_t srv_parse(const unsigned char *answer, size_t length, struct srv records[SRV_MAX])
{
	ns_msg message;
	size_t count = 0;

	if (length > 65535 || ns_initparse(answer, (int)length, &message) != 0)
		return 0;
	for (int i = 0; i < ns_msg_count(message, ns_s_an) && count < SRV_MAX; i++)
		if (parse_record(&message, i, &records[count]))
			count++;
	return count;
}

bool srv_name(enum srv_service service, const char *domain, const char *site, bool active_directory,
	      char to[SRV_HOST_SIZE])
{
	/* The global catalog is the forest's, whose name is its first domain's. */
	static const struct {
		const char *plain, *ad;
	} names[] = {
		[SRV_LDAP] = { "_ldap._tcp", "dc._msdcs." },
		[SRV_KERBEROS] = { "_kerberos._tcp", "dc._msdcs." },
		[SRV_GLOBAL_CATALOG] = { "_ldap._tcp", "gc._msdcs." },
	};
	bool near = active_directory && site[0];
	int length =
		snprintf(to, SRV_HOST_SIZE, "%s.%s%s%s%s", names[service].plain, near ? site : "",
			 near ? "._sites." : "", active_directory ? names[service].ad : "", domain);

	return length > 0 && length < SRV_HOST_SIZE;
}

static const char *query_failure(int error)
{
	switch (error) {
	case HOST_NOT_FOUND:
		return "the domain has no such name";
	case NO_DATA:
		return "no SRV records";
	case TRY_AGAIN:
		return "no name server answers";
	default:
		return "the name server refuses";
	}
}

size_t srv_query(const char *name, struct srv records[SRV_MAX], const char **why)
{
	struct __res_state state = { 0 };
	unsigned char answer[ANSWER_SIZE];
	size_t count = 0;
	int length;

	*why = "the resolver cannot be set up";
	if (res_ninit(&state) != 0)
		return 0;
	state.retrans = 2;
	state.retry = 2;
	length = res_nquery(&state, name, ns_c_in, ns_t_srv, answer, sizeof(answer));
	if (length < 0) {
		*why = query_failure(state.res_h_errno);
	} else {
		size_t got = (size_t)length;

		*why = "no usable SRV records";
		count = srv_parse(answer, got < sizeof(answer) ? got : sizeof(answer), records);
	}
	res_nclose(&state);
	return count;
}

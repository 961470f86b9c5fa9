/* SPDX-License-Identifier: ISC */
/* Any bytes as an answer of the DNS: the first octet chooses what was asked. */
#include "resolver/dns_answer.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {
		DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_TXT, DNS_TLSA
	};
	struct dns_answer answer;
	enum dns_type type;

	if (size == 0)
		return 0;
	type = types[data[0] % (sizeof types / sizeof types[0])];
	if (!dns_answer_parse(span_make(data + 1, size - 1), "a.example", type, &answer))
		return 0;
	assert(answer.count <= DNS_RECORDS_MAX && strlen(answer.canonical) < DNS_NAME_SIZE);
	for (size_t i = 0; i < answer.count; i++) {
		assert(!answer.records[i].name || strlen(answer.records[i].name) < DNS_NAME_SIZE);
		assert(type != DNS_A || answer.records[i].data.length == 4);
		assert(type != DNS_AAAA || answer.records[i].data.length == 16);
	}
	dns_answer_clear(&answer);
	return 0;
}

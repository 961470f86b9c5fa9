/* SPDX-License-Identifier: ISC */
/*
 * A report about the message in a file, on standard output, for readers that others wrote:
 *
 *   report_sample failed|delayed|delivered|mixed plain|utf8 FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/report.h"

#define MESSAGE_MAX (1u << 20)

static void add(struct envelope *envelope, const char *address, const char *orcpt)
{
	struct address parsed;
	const char *why;

	if (!address_parse(span_text(address), &parsed, &why)) {
		fprintf(stderr, "%s: %s\n", address, why);
		exit(2);
	}
	envelope_add(envelope, &parsed)->orcpt = orcpt != NULL ? strdup(orcpt) : NULL;
}

static enum report_action action_of(const char *name, size_t number)
{
	if (strcmp(name, "mixed") == 0)
		return (enum report_action)(number % 3);
	return name[0] == 'f'                     ? REPORT_FAILED
	       : name[2] == 'l' && name[3] == 'a' ? REPORT_DELAYED
						  : REPORT_DELIVERED;
}

int main(int argc, char **argv)
{
	static char message[MESSAGE_MAX];
	struct envelope envelope;
	struct report_recipient recipients[3] = { 0 };
	struct report report = { .reporting_mta = "mx.example.com",
				 .from = "postmaster@example.com",
				 .id = "0001abc.7",
				 .envelope = &envelope,
				 .arrived = 1700000000,
				 .now = 1700003600,
				 .will_retry_until = 1700172800,
				 .recipients = recipients,
				 .count = 3 };
	struct buffer out = BUFFER_EMPTY;
	FILE *file = argc == 4 ? fopen(argv[3], "rb") : NULL;
	const char *end, *why;

	if (file == NULL)
		return 2;
	report.message = span_make(message, fread(message, 1, sizeof(message), file));
	fclose(file);
	end = memmem(message, report.message.length, "\r\n\r\n", 4);
	report.header = span_make(message, end != NULL ? (size_t)(end - message) + 2
						       : report.message.length);
	report.utf8 = strcmp(argv[2], "utf8") == 0;
	envelope_init(&envelope);
	if (!address_parse(
		    span_text(report.utf8 ? "j\xc3\xbcrgen@example.com" : "alice@example.com"),
		    &envelope.sender, &why))
		return 2;
	(void)span_copy(span_text("QQ+2B314159"), envelope.envid, sizeof(envelope.envid));
	add(&envelope, "bob@example.net", "rfc822;Bob+2BTag@example.net");
	add(&envelope, report.utf8 ? "s\xc3\xb8ren@example.net" : "\"a b\"@example.net",
	    report.utf8 ? "utf-8;s\\x{F8}ren@example.net" : NULL);
	add(&envelope, "carol@example.org", NULL);
	for (size_t i = 0; i < report.count; i++)
		recipients[i] = (struct report_recipient){
			&envelope.recipients[i],
			action_of(argv[1], i),
			i == 1 ? "5.2.2" : "5.1.1",
			i == 2 ? "no server of example.org answered"
			       : "smtp; 550 5.1.1 no such\r\nX-Injected: yes",
			i == 2 ? "" : "mx.example.net",
			1700003500
		};
	report_write(&out, &report, report_template_default());
	fwrite(buffer_bytes(&out), 1, buffer_used(&out), stdout);
	buffer_clear(&out);
	envelope_clear(&envelope);
	return 0;
}

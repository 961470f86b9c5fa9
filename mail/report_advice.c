/* SPDX-License-Identifier: ISC */
/* Enhanced status codes (RFC 3463, RFC 5248 and the registry it made) in plain words. */
#include "mail/report.h"

#include <string.h>

struct words {
	const char *detail; /* behind the class: ".1.1"; ".1." = the rest of that subject */
	const char *reason, *advice;
};

#define ASK_THEM  "Ask the recipient by telephone or another way to have this looked at."
#define TRY_LATER "Send the message again later. If it comes back again, tell your administrator."
#define TELL_US   "Tell your administrator, and show this message."

/* The first row that fits counts. */
static const struct words table[] = {
	{ ".1.1", "There is no mailbox of that address.",
	  "Check the spelling of the address. If it is right, ask the recipient for the new one." },
	{ ".1.2", "The domain behind the \"@\" does not exist or takes no mail.",
	  "Check the spelling of what stands behind the \"@\"." },
	{ ".1.3", "The address is not written as an address has to be.",
	  "Check the address for blanks, commas and missing letters." },
	{ ".1.4", "The address fits more than one recipient.",
	  "Ask the recipient for an address that is his alone." },
	{ ".1.6", "The recipient has moved and left no new address.",
	  "Ask the recipient for the new address." },
	{ ".1.7", "The other server does not take your address as that of a sender.",
	  "Check your own address in the settings of your mail program." },
	{ ".1.8", "The other server finds no domain for your address.",
	  "Check your own address in the settings of your mail program." },
	{ ".1.10", "The domain has declared that it takes no mail.",
	  "Ask the recipient for an address in another domain." },
	{ ".1.", "The address was not accepted.",
	  "Check the address. If it is right, ask the recipient for another one." },
	{ ".2.1", "The mailbox is switched off.", "Ask the recipient for another address." },
	{ ".2.2", "The mailbox is full.",
	  "Tell the recipient another way that the mailbox is full, and send the message again "
	  "then." },
	{ ".2.3", "The message is larger than that mailbox takes.",
	  "Send a smaller message: leave out attachments, or pass them on another way." },
	{ ".2.4", "The mailing list could not be expanded.",
	  "Write to the owner of the list: its address, with \"-owner\" before the \"@\"." },
	{ ".2.", "The mailbox could not take the message.", ASK_THEM },
	{ ".3.1", "The other server has no room left.", TRY_LATER },
	{ ".3.2", "The other server takes no mail at present.", TRY_LATER },
	{ ".3.4", "The message is larger than the other server takes.",
	  "Send a smaller message: leave out attachments, or pass them on another way." },
	{ ".3.", "The other server could not take the message.", TRY_LATER },
	{ ".4.1", "The other server did not answer.", TRY_LATER },
	{ ".4.2", "The connection to the other server broke.", TRY_LATER },
	{ ".4.3", "The name servers that know the way did not answer.", TRY_LATER },
	{ ".4.4", "No server was found that takes mail for that domain.",
	  "Check the spelling of what stands behind the \"@\"." },
	{ ".4.6", "The message went round in a circle between servers.",
	  "The settings of a mail server are wrong. " TELL_US },
	{ ".4.7", "The message could not be handed over in the time that is allowed for it.",
	  TRY_LATER },
	{ ".4.", "The other server could not be reached.", TRY_LATER },
	{ ".5.3", "The message has more recipients than the other server takes at once.",
	  "Send the message to fewer recipients at a time." },
	{ ".5.", "The two servers did not understand each other.", TELL_US },
	{ ".6.7", "The other server cannot handle addresses with letters beyond ASCII.",
	  "Ask the recipient for an address in plain letters (a to z)." },
	{ ".6.9", "The other server cannot handle addresses or headers beyond ASCII.",
	  "Write addresses and subject in plain letters (a to z)." },
	{ ".6.", "The message has a form that the other server cannot take or pass on.",
	  "Send the message as plain text, or with attachments in another form." },
	{ ".7.1", "The other server does not permit this message.",
	  "The text under \"Technical detail\" may say why. If not, ask the recipient another "
	  "way." },
	{ ".7.2", "You may not send to this mailing list.",
	  "Ask the owner of the list: its address, with \"-owner\" before the \"@\"." },
	{ ".7.10", "Encryption is needed, and the other server's cannot be trusted.", TELL_US },
	{ ".7.8", "The other server refused our login.", TELL_US },
	{ ".7.30",
	  "The message must stay encrypted on its way, and the other server cannot "
	  "promise that.",
	  "Send the message without that demand, or by another way." },
	{ ".7.", "The rules of one of the servers do not permit this message.",
	  "The text under \"Technical detail\" may say why. If not, tell your administrator." },
};

static const struct words unknown = {
	"", "The other server did not say why.",
	"The text under \"Technical detail\" may say more. If not, tell your administrator."
};

static const struct words *find(const char *status)
{
	size_t length;

	/* The class says how it ended, not why. */
	if (status[0] == '\0' || status[1] != '.')
		return &unknown;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		length = strlen(table[i].detail);
		if (table[i].detail[length - 1] == '.'
			    ? strncmp(status + 1, table[i].detail, length) == 0
			    : strcmp(status + 1, table[i].detail) == 0)
			return &table[i];
	}
	return &unknown;
}

const char *report_reason(const char *status)
{
	return find(status)->reason;
}

const char *report_advice(const char *status)
{
	return find(status)->advice;
}

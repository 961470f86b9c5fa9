/* SPDX-License-Identifier: ISC */
/* Who has an address: as it is, as an alias domain's, as Exchange writes X.500 names, without a
 * tag. */
#include "routing/routing_private.h"

#include <stdio.h>
#include <string.h>

#include "routing/mailbox.h"

static bool move_to(struct question *question, const struct conf_domain *domain)
{
	question->said = question->address;
	question->domain = domain_canonical(domain);
	return question->domain &&
	       span_copy(span_text(question->domain->name), question->address.domain,
			 sizeof(question->address.domain));
}

/* RFC 5321 section 4.5.1: postmaster, in any case, is always there; the configuration says where.
 */
static bool redirect_postmaster(const struct conf *conf, struct question *question)
{
	const char *target = question->domain->postmaster, *why;

	if (!target || !target[0] ||
	    !span_is_nocase(span_text(question->address.local), "postmaster"))
		return true;
	return address_parse(span_text(target), &question->address, &why) &&
	       move_to(question, conf_find_domain(conf, question->address.domain));
}

void question_make(const struct conf *conf, const struct address *recipient,
		   struct question *question)
{
	const struct conf_domain *domain = conf_find_domain(conf, recipient->domain);

	*question = (struct question){ .where = QUESTION_REMOTE, .address = *recipient };
	address_text(recipient, question->asked);
	if (!domain || recipient->literal)
		return;
	if (!move_to(question, domain) || !redirect_postmaster(conf, question))
		question->where = QUESTION_WRONG;
	else if (question->domain->drop && question->domain->drop[0])
		question->where = QUESTION_DROP;
	else
		question->where = QUESTION_OURS;
}

/* ---- in what spelling ---- */

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = ascii_lower(digit);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool imceaex_decode(const char *local, char *to, size_t size)
{
	static const char prefix[] = "IMCEAEX-";
	size_t used = 0;

	if (!span_starts_nocase(span_text(local), prefix))
		return false;
	for (local += sizeof(prefix) - 1; *local; local++) {
		char octet = *local == '_' ? '/' : *local;

		if (*local == '+') {
			int high = hex_value(local[1]);
			int low = high < 0 ? -1 : hex_value(local[2]);

			if (low < 0 || (high == 0 && low == 0))
				return false;
			octet = (char)(16 * high + low);
			local += 2;
		}
		if (used + 1 >= size)
			return false;
		to[used++] = octet;
	}
	to[used] = '\0';
	return to[0] == '/' && used > 1;
}

bool subaddress_cut(const char *local, const char *separators, char to[ADDRESS_LOCAL_MAX + 1])
{
	size_t length;

	if (!separators || !separators[0] || !local[0])
		return false;
	/* One in front is part of the name. */
	length = 1 + strcspn(local + 1, separators);
	return local[length] != '\0' &&
	       span_copy(span_make(local, length), to, ADDRESS_LOCAL_MAX + 1);
}

/* ---- the searches ---- */

struct search_order {
	const struct routing *routing;
	const struct question *question;
	const struct route_teller *teller;
	struct directory_hit *hit;
	unsigned good_for; /* of the shortest answer so far */
};

/* NOBODY is as good as the search that is to be repeated first. True: go on. */
static bool keep_on(struct search_order *order)
{
	struct directory_hit *hit = order->hit;

	if (hit->good_for > order->good_for)
		hit->good_for = order->good_for;
	order->good_for = hit->good_for;
	hit_complete(hit);
	tell_entry(order->teller, hit);
	return hit->found == DIRECTORY_NOBODY;
}

/* In the canonical domain, then in the one that was said: the directory may know an address in an
 * alias domain by itself. */
static bool try_local(struct search_order *order, const char *local)
{
	const struct routing_source *source = &order->routing->source;
	const struct question *question = order->question;
	struct address address = question->address;

	(void)span_copy(span_text(local), address.local, sizeof(address.local));
	directory_hit_clear(order->hit);
	source->find_address(source->context, question->domain->directory, &address, order->hit);
	if (!keep_on(order))
		return false;
	if (strcmp(question->said.domain, address.domain) == 0)
		return true;
	(void)span_copy(span_text(question->said.domain), address.domain, sizeof(address.domain));
	directory_hit_clear(order->hit);
	source->find_address(source->context, question->domain->directory, &address, order->hit);
	return keep_on(order);
}

static bool try_legacy(struct search_order *order)
{
	const struct routing_source *source = &order->routing->source;
	const struct conf_directory *directory = order->question->domain->directory;
	char legacy_dn[4 * ADDRESS_LOCAL_MAX];

	if (!imceaex_decode(order->question->address.local, legacy_dn, sizeof(legacy_dn)))
		return true;
	tell(order->teller, "legacy", "%s", legacy_dn);
	directory_hit_clear(order->hit);
	source->find_legacy(source->context, directory, legacy_dn, order->hit);
	return keep_on(order);
}

void question_find(const struct routing *routing, const struct question *question,
		   const struct route_teller *teller, struct directory_hit *hit)
{
	struct search_order order = { routing, question, teller, hit, UINT32_MAX };
	char local[ADDRESS_LOCAL_MAX + 1];

	*hit = (struct directory_hit){ .found = DIRECTORY_FAILED };
	tell(teller, "directory", "%s", question->domain->directory->name);
	if (!try_local(&order, question->address.local) || !try_legacy(&order) ||
	    !subaddress_cut(question->address.local, question->domain->subaddress, local))
		return;
	tell(teller, "without tag", "%s", local);
	(void)try_local(&order, local);
}

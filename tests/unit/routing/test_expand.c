/* SPDX-License-Identifier: ISC */
#include "routing/routing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "tests/unit/routing/graph.h"

enum { LINES_MAX = 8 };

static void load(struct graph *graph, const char *const *lines, size_t most)
{
	graph_drop_entries(graph);
	for (size_t i = 0; i < most && lines[i]; i++)
		graph_add(graph, lines[i]);
}

static enum outcome expand(struct graph *graph, const char *recipient, const char *login,
			   const char *sender, struct expansion *expansion)
{
	struct address address = graph_address(sender);
	struct route_ask ask = { .recipient = graph_address(recipient),
				 .sender = { .directory = "d", .id = login, .address = &address },
				 .size = 1000 };

	return routing_expand(graph->routing, &ask, expansion);
}

/* "a@b c@d>hop | owner: e@f ! g@h 5.7.1": lists, and what is refused. */
static char *text_of(const struct expansion *expansion)
{
	struct buffer text = BUFFER_EMPTY;
	char address[ADDRESS_TEXT_SIZE], *copy;

	for (size_t i = 0; i < expansion->lists_count; i++) {
		const struct expansion_list *list = &expansion->lists[i];

		buffer_add_format(&text, "%s%s%s", i ? " | " : "", list->sender ? list->sender : "",
				  list->sender ? ":" : "");
		for (size_t j = 0; j < list->count; j++) {
			const struct expansion_member *member = &list->members[j];

			address_text(&member->address, address);
			buffer_add_format(&text, "%s%s%s%s", j || list->sender ? " " : "", address,
					  member->via ? ">" : "", member->via ? member->via : "");
		}
	}
	for (size_t i = 0; i < expansion->refusals_count; i++) {
		address_text(&expansion->refusals[i].address, address);
		buffer_add_format(&text, " ! %s %s", address, expansion->refusals[i].status);
	}
	buffer_add(&text, "", 1);
	copy = memory_text(buffer_bytes(&text));
	buffer_clear(&text);
	return copy;
}

#define G "g group mail=g@corp.example "
#define A "a mail=A@corp.example "
#define B "b mail=b@corp.example "
#define C "c mail=c@corp.example "

static void becomes_others(void **state)
{
	static const struct {
		const char *lines[LINES_MAX];
		const char *recipient, *login;
		enum outcome outcome;
		const char *text; /* or the status */
	} cases[] = {
		/* groups, in the order of their members, one level after the other */
		{ { G "member=a member=h member=b", A, B, "h group member=c member=a", C },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "a@corp.example b@corp.example c@corp.example" },
		{ { G "member=g member=h member=a", "h group member=g member=b", A, B },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "a@corp.example b@corp.example" },
		{ { G }, "g@corp.example", "a", OUTCOME_PERM, "" },
		{ { G "memberaddr=x@remote.example memberaddr=X@remote.example "
		      "memberaddr=x@REMOTE.example "
		      "memberaddr=A@CORP.example memberaddr=a@corp-alias.example "
		      "memberaddr=n@corp.example",
		    A },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "x@remote.example X@remote.example a@corp.example ! n@corp.example 5.1.1" },
		/* members that get nothing, silently */
		{ { G "member=a member=b member=c member=nobody member=d", A "disabled", B, "c",
		    "d folder mail=d@corp.example" },
		  "g@corp.example",
		  "b",
		  OUTCOME_OK,
		  "b@corp.example" },
		/* at another server */
		{ { G "member=a member=b", A "host=lmtp:[192.0.2.1]:24", B },
		  "g@corp.example",
		  "b",
		  OUTCOME_OK,
		  "A@corp.example>lmtp:[192.0.2.1]:24 b@corp.example" },
		{ { A "host=mx.example route=r@inside.example" },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  "r@inside.example>mx.example" },
		{ { A "host=mx.example route=a@corp.example" },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  "a@corp.example>mx.example" },
		/* contacts, targets, forwarding with and without a copy */
		{ { "k contact mail=k@corp.example target=SMTP:k@remote.example" },
		  "k@corp.example",
		  "",
		  OUTCOME_OK,
		  "k@remote.example" },
		{ { "k contact mail=k@remote.example mail=k@corp.example" },
		  "k@corp.example",
		  "",
		  OUTCOME_OK,
		  "k@remote.example" },
		{ { A "forward=b keep", B },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  "a@corp.example b@corp.example" },
		{ { A "forward=b forwardto=x@remote.example", B },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  "b@corp.example x@remote.example" },
		{ { A "forward=b keep host=mx.example", B },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  "A@corp.example>mx.example b@corp.example" },
		/* who forwards to each other and keeps a copy */
		{ { A "forward=b keep", B "forward=a keep" },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  "a@corp.example b@corp.example" },
		/* in a circle nobody gets it, and that is said */
		{ { A "forward=b", B "forward=a" },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  " ! A@corp.example 5.4.6" },
		{ { A "forwardto=b@corp.example", B "forwardto=A@corp.example" },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  " ! A@corp.example 5.4.6" },
		{ { G "member=a member=c", A "forwardto=b@corp.example",
		    B "forwardto=A@corp.example", C },
		  "g@corp.example",
		  "c",
		  OUTCOME_OK,
		  "c@corp.example ! A@corp.example 5.4.6" },
		{ { A "forward=a" }, "a@corp.example", "", OUTCOME_OK, " ! A@corp.example 5.4.6" },
		{ { A "forward=b forward=c", B "forward=a", C "forward=a" },
		  "a@corp.example",
		  "",
		  OUTCOME_PERM,
		  "5.4.6" },
		{ { A "forward=nobody" },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  " ! A@corp.example 5.1.1" },
		{ { A "forward=b", B "disabled" },
		  "a@corp.example",
		  "",
		  OUTCOME_OK,
		  " ! b@corp.example 5.2.1" },
		/* the list itself */
		{ { A "disabled" }, "a@corp.example", "", OUTCOME_PERM, "5.2.1" },
		{ { "p folder mail=p@corp.example" }, "p@corp.example", "", OUTCOME_PERM, "5.7.1" },
		{ { A }, "n@corp.example", "", OUTCOME_PERM, "5.1.1" },
		{ { A }, "a+tag@corp.example", "", OUTCOME_OK, "a@corp.example" },
		{ { G "member=a", A }, "g@corp.example", "", OUTCOME_PERM, "5.7.1" },
		{ { G "member=a accept=b", A, B }, "g@corp.example", "a", OUTCOME_PERM, "5.7.1" },
		{ { G "member=a accept=a", A },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "a@corp.example" },
		{ { A }, "x@files.example", "", OUTCOME_OK, "x@files.example" },
		/* inside, the sender is told */
		{ { G "member=a member=h", A, "h group mail=h@corp.example member=b reject=a", B },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "a@corp.example ! h@corp.example 5.7.1" },
		{ { G "member=a member=b", A "size=999", B "size=1000" },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "b@corp.example ! a@corp.example 5.2.3" },
		/* whose reports go to their owner */
		{ { G "member=a owner=c tellowner", A, C },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "c@corp.example: a@corp.example" },
		{ { G "member=a member=h owner=c", A, C, "h group member=b owner=c tellowner", B },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "a@corp.example | c@corp.example: b@corp.example" },
		{ { G "member=h member=b owner=c tellowner", C, "h group member=a", A, B },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "c@corp.example: b@corp.example a@corp.example" },
		{ { G "member=a owner=nobody tellowner", A },
		  "g@corp.example",
		  "a",
		  OUTCOME_OK,
		  "a@corp.example" },
		/* never a part of it */
		{ { G "member=a member=b", A, B "broken" },
		  "g@corp.example",
		  "a",
		  OUTCOME_TEMP,
		  "4.3.0" },
		{ { G "member=a member=b", A, B "fault=authOrig:_no_DN" },
		  "g@corp.example",
		  "a",
		  OUTCOME_TEMP,
		  "4.3.5" },
		{ { G "member=a member=b", A, B "forward=c keep", C "broken" },
		  "g@corp.example",
		  "a",
		  OUTCOME_TEMP,
		  "4.3.0" },
		{ { G "member=a owner=c tellowner", A, C "broken" },
		  "g@corp.example",
		  "a",
		  OUTCOME_TEMP,
		  "4.3.0" },
		{ { G "member=a memberaddr=nonsense", A },
		  "g@corp.example",
		  "a",
		  OUTCOME_TEMP,
		  "4.3.5" },
		{ { G "member=a memberaddr=b@corp.example", A, B, "b2 mail=b@corp.example" },
		  "g@corp.example",
		  "a",
		  OUTCOME_TEMP,
		  "4.1.4" },
		{ { G "member=h member=a", A, "h group member=b acceptgroup=i", "i group broken",
		    B },
		  "g@corp.example",
		  "a",
		  OUTCOME_TEMP,
		  "4.3.0" },
		{ { G "member=a", A "broken" }, "g@corp.example", "a", OUTCOME_TEMP, "4.3.0" },
	};
	struct graph *graph = graph_new("subaddress = \"+\"");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct expansion expansion;
		enum outcome outcome;
		char *text;

		load(graph, cases[i].lines, LINES_MAX);
		outcome = expand(graph, cases[i].recipient, cases[i].login, "s@remote.example",
				 &expansion);
		if (cases[i].outcome == OUTCOME_PERM && !cases[i].text[0])
			assert_int_not_equal(outcome, OUTCOME_TEMP);
		else if (outcome != cases[i].outcome)
			fail_msg("%zu: %s: %s %s (%s)", i, cases[i].lines[0], expansion.status,
				 expansion.text, expansion.cause);
		text = outcome == OUTCOME_OK ? text_of(&expansion) : memory_text(expansion.status);
		if (cases[i].text[0] && strcmp(text, cases[i].text) != 0)
			fail_msg("%zu: %s: \"%s\", not \"%s\"", i, cases[i].lines[0], text,
				 cases[i].text);
		if (outcome != OUTCOME_OK) {
			assert_int_equal(expansion.lists_count, 0);
			assert_int_equal(expansion.refusals_count, 0);
		}
		free(text);
		expansion_clear(&expansion);
	}
	graph_free(graph);
}

/* A report goes on as one (RFC 5321 section 6.1), whatever the group says. */
static void keeps_the_null_sender(void **state)
{
	static const char *const lines[] = { G "member=a owner=c tellowner auth", A, C };
	struct graph *graph = graph_new("group_senders = \"anybody\"");
	struct expansion expansion;

	(void)state;
	load(graph, lines, 3);
	graph->entries[0].object->authenticated_only = false;
	assert_int_equal(expand(graph, "g@corp.example", "", "", &expansion), OUTCOME_OK);
	assert_int_equal(expansion.lists_count, 1);
	assert_null(expansion.lists[0].sender);
	expansion_clear(&expansion);
	graph_free(graph);
}

static void catches_what_nobody_has(void **state)
{
	static const struct {
		const char *catch_all, *line;
		enum outcome outcome;
		const char *text;
	} cases[] = {
		{ "catch_all = \"a@corp.example\"", A, OUTCOME_OK, "a@corp.example" },
		{ "catch_all = \"x@remote.example\"", A, OUTCOME_OK, "x@remote.example" },
		{ "catch_all = \"gone@corp.example\"", A, OUTCOME_TEMP, "4.3.5" },
		{ "catch_all = \"a@corp.example\"", "n broken mail=n@corp.example", OUTCOME_TEMP,
		  "4.3.0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct graph *graph = graph_new(cases[i].catch_all);
		struct expansion expansion;
		char *text;

		graph_add(graph, cases[i].line);
		assert_int_equal(
			expand(graph, "n@corp.example", "", "s@remote.example", &expansion),
			cases[i].outcome);
		text = cases[i].outcome == OUTCOME_OK ? text_of(&expansion)
						      : memory_text(expansion.status);
		assert_string_equal(text, cases[i].text);
		free(text);
		expansion_clear(&expansion);
		graph_free(graph);
	}
}

/* One list in another: as many as are allowed, and one more. */
static void has_a_depth(void **state)
{
	struct graph *graph = graph_new("group_senders = \"anybody\"");
	struct expansion expansion;

	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		graph_drop_entries(graph);
		graph_add(graph, "g0 group mail=g@corp.example member=g1");
		for (int i = 1; i < EXPANSION_DEPTH + extra; i++) {
			char line[100];

			snprintf(line, sizeof(line), "g%d group member=g%d", i, i + 1);
			graph_add(graph, line);
		}
		char last[100];

		snprintf(last, sizeof(last), "g%d group member=a", EXPANSION_DEPTH + extra);
		graph_add(graph, last);
		graph_add(graph, A);
		assert_int_equal(
			expand(graph, "g@corp.example", "", "s@remote.example", &expansion),
			extra ? OUTCOME_PERM : OUTCOME_OK);
		if (extra)
			assert_string_equal(expansion.status, "5.4.6");
		expansion_clear(&expansion);
	}
	graph_free(graph);
}

/* More members than are allowed, each an address of others. */
static void has_a_size(void **state)
{
	struct graph *graph = graph_new("group_senders = \"anybody\"");
	struct texts *texts;
	struct expansion expansion;

	(void)state;
	graph_add(graph, G);
	texts = &graph->entries[0].object->member_address;
	for (int i = 0; i < EXPANSION_MEMBERS; i++)
		graph_add_text(texts, memory_format("m%d@remote.example", i));
	assert_int_equal(expand(graph, "g@corp.example", "", "s@remote.example", &expansion),
			 OUTCOME_OK);
	assert_int_equal(expansion.lists[0].count, EXPANSION_MEMBERS);
	expansion_clear(&expansion);
	graph_add_text(texts, memory_text("more@remote.example"));
	assert_int_equal(expand(graph, "g@corp.example", "", "s@remote.example", &expansion),
			 OUTCOME_PERM);
	assert_string_equal(expansion.status, "5.2.4");
	assert_int_equal(expansion.lists_count, 0);
	expansion_clear(&expansion);
	graph_free(graph);
}

/* ---- random graphs ---- */

enum { NODES = 30, GRAPHS = 3000, OTHERS = 6 };

struct model {
	bool edge[NODES][NODES];     /* by DN or by address */
	bool outside[NODES][OTHERS]; /* to an address of others */
	enum { PERSON, FORWARDER, KEEPER, GROUP } kind[NODES];
	bool reached[NODES], reached_outside[OTHERS];
};

static uint64_t chance;

static unsigned roll(unsigned sides)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (unsigned)(chance >> 33) % sides;
}

static void draw_edges(struct model *model, unsigned node, struct buffer *line)
{
	unsigned count = model->kind[node] == GROUP ? roll(6) : 1 + roll(2);

	for (unsigned i = 0; i < count; i++) {
		unsigned to = roll(NODES), other = roll(OTHERS);
		bool group = model->kind[node] == GROUP;

		if (roll(6) == 0) {
			model->outside[node][other] = true;
			buffer_add_format(line, " %s=o%u@remote.example",
					  group ? "memberaddr" : "forwardto", other);
			continue;
		}
		model->edge[node][to] = true;
		if (roll(3) == 0)
			buffer_add_format(line, " %s=%s%u@corp%s.example",
					  group ? "memberaddr" : "forwardto", roll(2) ? "n" : "N",
					  to, roll(4) ? "" : "-alias");
		else
			buffer_add_format(line, " %s=n%u", group ? "member" : "forward", to);
	}
}

static void draw(struct model *model, struct graph *graph)
{
	*model = (struct model){ 0 };
	graph_drop_entries(graph);
	for (unsigned i = 0; i < NODES; i++) {
		struct buffer line = BUFFER_EMPTY;

		model->kind[i] = roll(4);
		buffer_add_format(&line, "n%u mail=n%u@corp.example%s%s", i, i,
				  model->kind[i] == GROUP ? " group" : "",
				  model->kind[i] == KEEPER ? " keep" : "");
		if (model->kind[i] != PERSON)
			draw_edges(model, i, &line);
		buffer_add(&line, "", 1);
		graph_add(graph, buffer_bytes(&line));
		buffer_clear(&line);
	}
}

static void reach(struct model *model, unsigned node)
{
	if (model->reached[node])
		return;
	model->reached[node] = true;
	for (unsigned i = 0; i < OTHERS; i++)
		model->reached_outside[i] |= model->outside[node][i];
	for (unsigned i = 0; i < NODES; i++)
		if (model->edge[node][i])
			reach(model, i);
}

static bool has_mailbox(const struct model *model, unsigned node)
{
	return model->kind[node] == PERSON || model->kind[node] == KEEPER;
}

static size_t expected(const struct model *model)
{
	size_t count = 0;

	for (unsigned i = 0; i < NODES; i++)
		count += model->reached[i] && has_mailbox(model, i);
	for (unsigned i = 0; i < OTHERS; i++)
		count += model->reached_outside[i];
	return count;
}

/* Each that is reached, once; and, because there are as many, nobody else. */
static void assert_reached(const struct model *model, const struct expansion *expansion)
{
	bool got[NODES] = { false }, got_outside[OTHERS] = { false };
	size_t count = 0;

	for (size_t i = 0; i < expansion->lists_count; i++)
		for (size_t j = 0; j < expansion->lists[i].count; j++) {
			const struct address *address = &expansion->lists[i].members[j].address;
			unsigned number = (unsigned)atoi(address->local + 1);
			bool inside = strcmp(address->domain, "corp.example") == 0;
			bool *mark = inside ? &got[number] : &got_outside[number];

			assert_true(address->local[0] == (inside ? 'n' : 'o'));
			assert_true(inside ? model->reached[number] && has_mailbox(model, number)
					   : model->reached_outside[number]);
			assert_false(*mark);
			*mark = true;
			count++;
		}
	assert_int_equal(count, expected(model));
}

static void reaches_each_once(void **state)
{
	struct graph *graph = graph_new("group_senders = \"anybody\"");
	struct model *model = memory_new(sizeof(*model));
	size_t reached = 0, nobody = 0;

	(void)state;
	chance = 88172645463325252u;
	for (unsigned i = 0; i < GRAPHS; i++) {
		struct expansion expansion;
		enum outcome outcome;

		draw(model, graph);
		reach(model, 0);
		outcome = expand(graph, "n0@corp.example", "", "s@remote.example", &expansion);
		if (expected(model) == 0) {
			nobody++;
			assert_int_not_equal(outcome, OUTCOME_TEMP);
			/* Silence is for groups without members alone. */
			assert_true(outcome == OUTCOME_PERM || expansion.groups > 0 ||
				    expansion.refusals_count > 0);
		} else {
			assert_int_equal(outcome, OUTCOME_OK);
			assert_reached(model, &expansion);
			reached += expected(model);
		}
		expansion_clear(&expansion);
	}
	assert_true(reached > GRAPHS && nobody > 0);
	free(model);
	graph_free(graph);
}

/* One that cannot be read, anywhere on the way: nobody gets anything yet. Elsewhere: no matter. */
static void one_failure_is_temporary(void **state)
{
	struct graph *graph = graph_new("group_senders = \"anybody\"");
	struct model *model = memory_new(sizeof(*model));
	size_t failed = 0, whole = 0;

	(void)state;
	chance = 362436069362436069u;
	for (unsigned i = 0; i < GRAPHS; i++) {
		unsigned broken = roll(NODES);
		struct expansion expansion;
		enum outcome outcome;

		draw(model, graph);
		reach(model, 0);
		graph->entries[broken].broken = true;
		outcome = expand(graph, "n0@corp.example", "", "s@remote.example", &expansion);
		if (model->reached[broken]) {
			failed++;
			assert_int_equal(outcome, OUTCOME_TEMP);
			assert_int_equal(expansion.status[0], '4');
			assert_int_equal(expansion.lists_count + expansion.refusals_count, 0);
		} else if (expected(model) > 0) {
			whole++;
			assert_int_equal(outcome, OUTCOME_OK);
			assert_reached(model, &expansion);
		}
		expansion_clear(&expansion);
	}
	assert_true(failed > 0 && whole > 0);
	free(model);
	graph_free(graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becomes_others),
		cmocka_unit_test(keeps_the_null_sender),
		cmocka_unit_test(catches_what_nobody_has),
		cmocka_unit_test(has_a_depth),
		cmocka_unit_test(has_a_size),
		cmocka_unit_test(reaches_each_once),
		cmocka_unit_test(one_failure_is_temporary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/*
 * What the index remembers is never older than the directories: whatever another program did
 * before a login, the login sees it, also in the same tick of the clock.
 */
#include "tests/unit/store/store_help.h"

#include "store/maildrop_private.h"

#include <pthread.h>
#include <stdatomic.h>

#define ALICE "0a0a0a0a1111"
#define SMALL 40   /* proved by the times alone */
#define LARGE 1300 /* watched */

struct scene {
	struct place *place;
	struct store_mailbox to;
	char box[160];
	unsigned made; /* names given so far */
};

static void scene_name(char to[200], unsigned number)
{
	snprintf(to, 200, "%u.M%uP1Q%u.host,S=4,W=4", 1700000000 + number, number * 7919 % 1000000,
		 number);
}

static void scene_path(const struct scene *scene, char path[600], const char *folder,
		       const char *name)
{
	snprintf(path, 600, "%s/%s/%s", scene->box, folder, name);
}

static void scene_make(struct scene *scene, const char *folder, const char *suffix)
{
	char name[200], source[600], path[600];

	scene_name(name, scene->made++);
	strcat(name, suffix);
	snprintf(source, sizeof source, "%s/source", scene->place->root);
	scene_path(scene, path, folder, name);
	assert_int_equal(link(source, path), 0);
}

static void scene_init(struct scene *scene, struct place *place, unsigned messages)
{
	char path[600];

	*scene = (struct scene){ .place = place, .to = who(ALICE, "corp.example", "alice", 0) };
	snprintf(scene->box, sizeof scene->box, "%s/corp.example/alice", place->mail);
	store_maildrop_close(drop_open(place->store, &scene->to));
	snprintf(path, sizeof path, "%s/source", place->root);
	file_make(path, "ab\r\n");
	while (scene->made < messages)
		scene_make(scene, scene->made % 3 == 0 ? "new" : "cur",
			   scene->made % 3 == 0 ? "" : ":2,S");
}

static void scene_run(const struct scene *scene, const char *script)
{
	char command[700];

	snprintf(command, sizeof command, "cd %s && { %s; }", scene->box, script);
	assert_int_equal(system(command), 0);
}

static void pause_ms(long ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* Opens, and compares all with a reading of the directories that no index has touched. */
static struct store_maildrop *open_checked(struct scene *scene, const char *what)
{
	struct store_maildrop *maildrop = drop_open(scene->place->store, &scene->to);
	const struct drop_list *list = &maildrop->known.list;
	struct drop_list truth;
	uint64_t octets = 0;

	assert_int_equal(drop_list_read(&truth, maildrop->mailbox.fd), 0);
	if (list->count != truth.count)
		fail_msg("%s: %zu messages, %zu are there", what, list->count, truth.count);
	for (size_t i = 0; i < truth.count; i++) {
		const struct drop_message *is = &list->messages[i], *should = &truth.messages[i];

		if (strcmp(is->unique, should->unique) != 0 ||
		    strcmp(is->suffix, should->suffix) != 0 || is->in_cur != should->in_cur ||
		    is->gone || strcmp(is->uid, should->uid) != 0)
			fail_msg("%s: message %zu is %s%s, not %s%s", what, i + 1, is->unique,
				 is->suffix, should->unique, should->suffix);
		octets += is->wire;
	}
	assert_int_equal(store_maildrop_octets(maildrop), octets);
	drop_list_clear(&truth);
	return maildrop;
}

static void check(struct scene *scene, const char *what)
{
	store_maildrop_close(open_checked(scene, what));
}

/* Of the listing's memory file: the same one was used again when this is the same. */
static ino_t listing_of(struct scene *scene, size_t *listed)
{
	struct store_maildrop *maildrop = open_checked(scene, "listing");
	int fd = store_maildrop_listing(maildrop, 100, listed);
	struct stat status;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_true(*listed <= store_maildrop_count(maildrop));
	assert_int_equal(*listed + 100 < store_maildrop_count(maildrop), false);
	close(fd);
	store_maildrop_close(maildrop);
	return status.st_ino;
}

/* ---- one change between two logins ---- */

static const struct {
	const char *what, *script;
} changes[] = {
	{ "nothing", "true" },
	{ "one came", "ln ../../../source new/1800000000.M1P1Q1.host,S=4,W=4" },
	{ "one came in front", "ln ../../../source new/1600000000.M1P1Q1.host,S=4,W=4" },
	{ "one came in the middle", "ln ../../../source cur/1700000020.M1P1Q1.host,S=4,W=4:2," },
	{ "one came that does not tell its size", "printf 'a\\nb\\n' >new/1800000001.x" },
	{ "one came by rename",
	  "cp -p ../../../source tmp/x && mv tmp/x new/1800000002.x,S=4,W=4" },
	{ "the last went", "rm cur/1800000000.* new/1800000000.* 2>/dev/null; true" },
	{ "some went", "rm $(ls -d new/170000000* | head -5)" },
	{ "one went and came back", "f=$(ls new | head -1); mv new/$f ../x; true; mv ../x new/$f" },
	{ "all of new to cur", "for f in $(ls new); do mv new/$f cur/$f:2,; done" },
	{ "flags", "for f in $(ls cur | head -30); do mv cur/$f cur/${f}T; done" },
	{ "flags and back", "f=$(ls cur | head -1); mv cur/$f cur/${f}F && mv cur/${f}F cur/$f" },
	{ "back to new", "f=$(ls cur | head -1); mv cur/$f new/${f%:*}" },
	{ "two files of one name", "f=$(ls cur | tail -1); ln cur/$f new/${f%:*}" },
	{ "one of the two", "f=$(ls new | tail -1); rm new/$f" },
	{ "two of one name, the other goes",
	  "f=$(ls cur | tail -1); ln cur/$f new/${f%:*}; rm cur/$f" },
	{ "no message", "mkdir new/17.directory && touch cur/.hidden" },
	{ "the directory moves away and back", "mv new new2 && mv new2 new" },
	{ "another directory", "mv new new2 && mkdir new && ln ../../../source new/1800000003.z" },
	{ "the old one again", "rm -r new && mv new2 new" },
	{ "touched", "touch new cur; chmod 755 cur" },
	{ "all go", "rm -rf new/1* cur/*" },
	{ "one comes", "ln ../../../source new/1800000004.M1P1Q1.host,S=4,W=4" },
	{ "no directory", "rm -r new" },
	{ "and again", "mkdir new && ln ../../../source new/1800000005.M1P1Q1.host,S=4,W=4" },
};

static void change_seen(struct place *place, unsigned messages, long before_ms)
{
	struct scene scene;

	scene_init(&scene, place, messages);
	check(&scene, "first");
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		pause_ms(before_ms); /* 0: in the tick of the login, if the machine is fast */
		check(&scene, changes[i].what);
		scene_run(&scene, changes[i].script);
		check(&scene, changes[i].what);
		check(&scene, changes[i].what);
	}
}

static void small_settled(void **state)
{
	change_seen(*state, SMALL, 30);
}

static void small_at_once(void **state)
{
	change_seen(*state, SMALL, 0);
}

static void large_settled(void **state)
{
	change_seen(*state, LARGE, 30);
}

static void large_at_once(void **state)
{
	change_seen(*state, LARGE, 0);
}

/* The same change again and again, each as soon after a login as can be. */
static void same_tick(void **state)
{
	struct scene scene;

	scene_init(&scene, *state, SMALL);
	for (int i = 0; i < 700; i++) {
		scene_make(&scene, "new", "");
		check(&scene, "one more");
	}
}

/*
 * Where times are coarse, a change in the tick of the reading leaves them as they were. Here they
 * may be fine: what was remembered is made to look as the directories do after the change.
 */
static void coarse_times(void **state)
{
	static const struct {
		unsigned messages;
		long before_ms;
	} rows[] = { { SMALL, 0 }, { LARGE, 0 }, { SMALL, 5 }, { LARGE, 5 } };

	for (size_t i = 0; i < 4 * sizeof rows / sizeof rows[0]; i++) {
		struct store_maildrop *maildrop;
		struct folder_states after;
		struct scene scene;

		if (i > 0)
			(void)(teardown(state) + setup(state));
		scene_init(&scene, *state, rows[i / 4].messages);
		pause_ms(rows[i / 4].before_ms);
		maildrop = open_checked(&scene, "first");
		scene_make(&scene, i % 2 ? "new" : "cur", "");
		assert_true(folder_states_look(&after, maildrop->mailbox.fd));
		memcpy(maildrop->known.folders.of, after.of, sizeof after.of);
		store_maildrop_close(maildrop);
		check(&scene, "in the same tick");
	}
}

/* ---- the index is used ---- */

static void used_again(void **state)
{
	struct place *place = *state;
	struct store_maildrop *maildrop;
	struct store_failure failure;
	struct scene scene;
	size_t listed, removed;
	ino_t first;

	scene_init(&scene, place, LARGE);
	pause_ms(30);
	first = listing_of(&scene, &listed);
	assert_int_equal(listed, LARGE);
	assert_int_equal(listing_of(&scene, &listed), first);
	/* Deliveries, ours and others', come behind what is listed. */
	for (int i = 0; i < 50; i++) {
		scene.made++;
		assert_int_equal(deliver_text(place->store, "ab\r\n", &scene.to), OUTCOME_OK);
		scene_run(&scene, "ln ../../../source new/$(date +%s.M%N)x,S=4,W=4");
		assert_int_equal(listing_of(&scene, &listed), first);
		assert_int_equal(listed, LARGE);
	}
	/* Flags change no listing. */
	scene_run(&scene, "f=$(ls cur | head -1); mv cur/$f cur/${f}T");
	assert_int_equal(listing_of(&scene, &listed), first);
	/* More behind it than the packet takes: made anew. */
	scene_make(&scene, "cur", ":2,");
	assert_int_not_equal(listing_of(&scene, &listed), first);
	assert_int_equal(listed, LARGE + 101);
	/* What went near the end is listed no more, what is in front still is. */
	first = listing_of(&scene, &listed);
	maildrop = open_checked(&scene, "removal");
	assert_int_equal(
		store_maildrop_remove(maildrop, (uint32_t[]){ 1390, 1401 }, 2, &removed, &failure),
		OUTCOME_OK);
	assert_int_equal(removed, 2);
	store_maildrop_close(maildrop);
	assert_int_equal(listing_of(&scene, &listed), first);
	assert_int_equal(listed, 1389);
	/* In front of it all: made anew. */
	maildrop = open_checked(&scene, "removal in front");
	assert_int_equal(store_maildrop_remove(maildrop, (uint32_t[]){ 1 }, 1, &removed, &failure),
			 OUTCOME_OK);
	store_maildrop_close(maildrop);
	assert_int_not_equal(listing_of(&scene, &listed), first);
	assert_int_equal(listed, LARGE + 98);
}

/* Programs change files while a session is open; the next one knows. */
static void changed_while_open(void **state)
{
	struct store_maildrop *maildrop;
	struct scene scene;

	scene_init(&scene, *state, LARGE);
	pause_ms(30);
	check(&scene, "first");
	for (int i = 0; i < 20; i++) {
		char *text;

		maildrop = open_checked(&scene, "open");
		scene_run(&scene, "for f in $(ls cur | head -3); do mv cur/$f cur/${f}T; done;"
				  "rm cur/$(ls cur | tail -1);"
				  "ln ../../../source new/$(date +%s.M%N)x,S=4,W=4");
		/* Found although it moved, so that names are looked for anew. */
		text = message_text(maildrop, 2);
		assert_string_equal(text, "ab\r\n");
		free(text);
		store_maildrop_close(maildrop);
		check(&scene, "after it");
	}
}

/* More than is remembered of a mailbox, and more than the kernel tells. */
static void too_many_changes(void **state)
{
	static const unsigned rounds[] = { 100, 3000, 20000 };
	struct store_maildrop *maildrop;
	struct store_failure failure;
	struct scene scene;
	uint32_t *numbers;
	size_t removed, count;

	scene_init(&scene, *state, LARGE);
	pause_ms(30);
	check(&scene, "first");
	for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
		for (unsigned made = 0; made < rounds[i]; made++)
			scene_make(&scene, "new", "");
		check(&scene, "many came");
		pause_ms(30);
		check(&scene, "watched again");
	}
	maildrop = open_checked(&scene, "removal");
	count = store_maildrop_count(maildrop);
	numbers = memory_array(count, sizeof *numbers);
	for (size_t i = 0; i < count; i++)
		numbers[i] = (uint32_t)i + 1;
	assert_int_equal(store_maildrop_remove(maildrop, numbers, count - 20, &removed, &failure),
			 OUTCOME_OK);
	store_maildrop_close(maildrop);
	free(numbers);
	check(&scene, "many went");
}

/* ---- without pause ---- */

struct other {
	struct scene *scene;
	atomic_bool stop;
	atomic_uint asked, stood; /* stands still while stood == asked */
	unsigned random;
	char (*names)[220]; /* folder and name, as they are */
	unsigned count;
};

static unsigned other_random(struct other *other, unsigned below)
{
	other->random = other->random * 1103515245 + 12345;
	return (other->random >> 8) % below;
}

static void other_add(struct other *other)
{
	char name[200], from[600], to[600];

	if (other->count == LARGE * 2)
		return;
	/* Mostly in order, as deliveries are. */
	scene_name(name, other->scene->made++ - (other_random(other, 8) == 0 ? 500 : 0));
	snprintf(name + strlen(name), 20, ",L=%u", other->scene->made);
	snprintf(from, sizeof from, "%s/source", other->scene->place->root);
	scene_path(other->scene, to, "new", name);
	if (link(from, to) == 0)
		snprintf(other->names[other->count++], 220, "new/%s", name);
}

static void other_move(struct other *other, unsigned which, const char *to)
{
	char from_path[600], to_path[600];

	scene_path(other->scene, from_path, ".", other->names[which]);
	scene_path(other->scene, to_path, ".", to);
	/* ENOENT: POP3 removed it. */
	if (rename(from_path, to_path) == 0)
		strcpy(other->names[which], to);
	else
		memmove(other->names[which], other->names[--other->count], 220);
}

static void other_step(struct other *other)
{
	unsigned what = other_random(other, 10);
	unsigned which = other->count > 0 ? other_random(other, other->count) : 0;
	char to[220], path[600];

	if (what < 3 || other->count < 20) {
		other_add(other);
	} else if (what < 6) {
		scene_path(other->scene, path, ".", other->names[which]);
		(void)unlink(path);
		memmove(other->names[which], other->names[--other->count], 220);
	} else if (strncmp(other->names[which], "new/", 4) == 0) {
		snprintf(to, sizeof to, "cur/%.200s:2,", other->names[which] + 4);
		other_move(other, which, to);
	} else {
		/* A flag more, and when there are some none. */
		size_t length = strlen(other->names[which]);

		snprintf(to, sizeof to, "%.*s%s",
			 (int)(length > 100 ? strcspn(other->names[which], ":") + 3 : length),
			 other->names[which], length > 100 ? "" : "S");
		other_move(other, which, to);
	}
}

static void *other_run(void *context)
{
	struct other *other = context;

	while (!atomic_load(&other->stop)) {
		unsigned asked = atomic_load(&other->asked);

		if (asked % 2 == 1)
			atomic_store(&other->stood, asked);
		else
			other_step(other);
	}
	return NULL;
}

static void other_stand(struct other *other)
{
	unsigned asked = atomic_fetch_add(&other->asked, 1) + 1;

	while (atomic_load(&other->stood) != asked)
		sched_yield();
}

static void other_go_on(struct other *other)
{
	atomic_fetch_add(&other->asked, 1);
}

/* A file that moves again behind the second look is left there: TEMP. */
static void session_remove(struct scene *scene, uint32_t random)
{
	struct store_maildrop *maildrop = drop_open(scene->place->store, &scene->to);
	uint32_t count = (uint32_t)store_maildrop_count(maildrop);
	struct store_failure failure;
	size_t removed;

	if (count > 20)
		assert_int_not_equal(store_maildrop_remove(
					     maildrop, (uint32_t[]){ 1 + random % count, 3, count },
					     3, &removed, &failure),
				     OUTCOME_PERM);
	store_maildrop_close(maildrop);
}

static void against_another_program(struct place *place, unsigned messages)
{
	struct scene scene;
	struct other other = { .scene = &scene, .random = 1 };
	pthread_t thread;

	scene_init(&scene, place, messages);
	other.names = memory_array(LARGE * 2 + 1, sizeof *other.names);
	pause_ms(30);
	check(&scene, "first");
	assert_int_equal(pthread_create(&thread, NULL, other_run, &other), 0);
	for (unsigned round = 0; round < 600; round++) {
		/* Logins while all moves: what they see cannot be told, what they leave can. */
		for (unsigned i = 0; i < round % 4; i++)
			store_maildrop_close(drop_open(place->store, &scene.to));
		if (round % 5 == 0)
			session_remove(&scene, round * 7919);
		if (round % 7 == 0)
			assert_int_equal(deliver_text(place->store, "ab\r\n", &scene.to),
					 OUTCOME_OK);
		other_stand(&other);
		check(&scene, "while it stands");
		if (round % 100 == 0)
			pause_ms(25);
		other_go_on(&other);
	}
	atomic_store(&other.stop, true);
	pthread_join(thread, NULL);
	check(&scene, "at the end");
	free(other.names);
}

static void race_small(void **state)
{
	against_another_program(*state, SMALL);
}

static void race_large(void **state)
{
	against_another_program(*state, LARGE);
}

/* ---- the times ---- */

static void times(void **state)
{
	static const struct {
		struct timespec modified, changed, at;
		bool settled;
	} rows[] = {
		{ { 100, 0 }, { 100, 0 }, { 101, 0 }, true },
		{ { 100, 0 }, { 100, 0 }, { 100, CLOCK_TICK_NS + 1 }, true },
		{ { 100, 0 }, { 100, 0 }, { 100, CLOCK_TICK_NS }, false },
		{ { 100, 0 }, { 100, 0 }, { 100, 0 }, false },
		{ { 100, 990000000 }, { 99, 0 }, { 101, 5000000 }, false },
		{ { 99, 0 }, { 100, 990000000 }, { 101, 5000000 }, false }, /* times set by hand */
		{ { 100, 980000000 }, { 99, 0 }, { 101, 5000000 }, true },
		{ { 105, 0 }, { 99, 0 }, { 101, 0 }, false }, /* the clock was set back */
		{ { 0, 0 }, { 0, 0 }, { 101, 0 }, true },     /* no such directory */
		{ { 100, 0 }, { 100, 0 }, { 0, 0 }, false },  /* never */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (int folder = 0; folder < FOLDERS; folder++) {
			struct folder_states states = { .at = rows[i].at };

			states.of[folder].modified = rows[i].modified;
			states.of[folder].changed = rows[i].changed;
			if (folder_states_settled(&states) != rows[i].settled)
				fail_msg("row %zu", i);
		}
	}
}

/* ---- how much is kept ---- */

static void mailbox_know(struct drop_index *index, const struct mailbox *mailbox, unsigned messages)
{
	struct drop_known known;

	drop_index_take(index, mailbox, &known);
	drop_known_clear(&known);
	for (unsigned i = 0; i < messages; i++) {
		char name[200], unique[MAILDIR_NAME_SIZE];
		struct drop_message message;

		scene_name(name, i);
		assert_true(drop_message_parse(name, false, unique, &message));
		assert_non_null(drop_list_insert(&known.list, i, &message));
	}
	known.read = messages > 0;
	if (messages > 100)
		assert_int_equal(drop_known_list(&known, 0), 0);
	drop_index_give(index, mailbox, &known);
}

static size_t mailbox_known(struct drop_index *index, const struct mailbox *mailbox)
{
	struct drop_known known;
	size_t count;

	drop_index_take(index, mailbox, &known);
	count = known.list.count;
	drop_index_give(index, mailbox, &known);
	return count;
}

static void bounded(void **state)
{
	enum { LIMIT = 1 << 20, BOXES = 300 };
	const struct place *place = *state;
	int directory = open(place->mail, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct drop_index *index = drop_index_new(LIMIT, BOXES, directory);
	struct mailbox boxes[BOXES], huge = { .fd = -1, .inode = BOXES };
	size_t known = 0;

	for (unsigned i = 0; i < BOXES; i++) {
		boxes[i] = (struct mailbox){ .fd = -1, .inode = i, .device = i % 2 };
		mailbox_know(index, &boxes[i], 100);
		assert_int_equal(mailbox_known(index, &boxes[0]), 100); /* used all the time */
		assert_true(drop_index_octets(index) <= LIMIT);
	}
	for (unsigned i = 0; i < BOXES; i++)
		known += mailbox_known(index, &boxes[i]) > 0;
	assert_true(known > 20 && known < BOXES);
	assert_int_equal(mailbox_known(index, &boxes[BOXES - 1]), 100);
	assert_int_equal(mailbox_known(index, &boxes[1]), 0); /* went first */
	mailbox_know(index, &huge, 20000);                    /* larger than all that may be kept */
	assert_int_equal(mailbox_known(index, &huge), 0);
	assert_int_equal(drop_index_octets(index), 0);
	mailbox_know(index, &huge, 0);
	assert_int_equal(drop_index_octets(index), 0); /* of nothing, nothing is kept */
	mailbox_know(index, &boxes[3], 5);
	drop_index_free(index);
	/* Descriptors: what has none does not count, but is old. */
	index = drop_index_new(LIMIT, 4, directory);
	for (unsigned i = 0; i < 10; i++)
		mailbox_know(index, &boxes[i], i % 2 ? 101 : 5);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(mailbox_known(index, &boxes[i]), i < 2 ? 0 : i % 2 ? 101 : 5);
	drop_index_free(index);
	close(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(small_settled, setup, teardown),
		cmocka_unit_test_setup_teardown(small_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(large_settled, setup, teardown),
		cmocka_unit_test_setup_teardown(large_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(same_tick, setup, teardown),
		cmocka_unit_test_setup_teardown(coarse_times, setup, teardown),
		cmocka_unit_test_setup_teardown(used_again, setup, teardown),
		cmocka_unit_test_setup_teardown(changed_while_open, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(race_small, setup, teardown),
		cmocka_unit_test_setup_teardown(race_large, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
#include "routing/expansion_wire.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/wire.h"

enum {
	SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW,
	MEMBER_MIN = 4 + 3 + 4, /* octets of one on the wire: "a@b", no via */
	REFUSAL_MIN = 4 + 4 + 4,
	LIST_MIN = 1 + 4 + 4,
	RECORD_MAX = 2048, /* no record of the three is longer */
};
#define FILE_MAX ((uint64_t)EXPANSION_MEMBERS * RECORD_MAX)

/* ---- writing ---- */

static struct wire_writer record_begin(struct buffer *to)
{
	struct wire_writer writer;

	wire_writer_init(&writer, buffer_reserve(to, RECORD_MAX), RECORD_MAX);
	return writer;
}

static void record_end(struct buffer *to, const struct wire_writer *writer)
{
	if (writer->failed)
		memory_die("a member of a list is longer than members are");
	buffer_commit(to, writer->used);
}

static void write_address(struct wire_writer *writer, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_text(address, text);
	wire_put_text(writer, text);
}

static void write_list(const struct expansion_list *list, struct buffer *to)
{
	struct wire_writer writer = record_begin(to);

	wire_put_u8(&writer, list->sender != NULL);
	wire_put_text(&writer, list->sender);
	wire_put_u32(&writer, (uint32_t)list->count);
	record_end(to, &writer);
	for (size_t i = 0; i < list->count; i++) {
		writer = record_begin(to);
		write_address(&writer, &list->members[i].address);
		wire_put_text(&writer, list->members[i].via);
		record_end(to, &writer);
	}
}

static void write_refusal(const struct expansion_refusal *refusal, struct buffer *to)
{
	struct wire_writer writer = record_begin(to);

	write_address(&writer, &refusal->address);
	wire_put_text(&writer, refusal->status);
	wire_put_text(&writer, refusal->text);
	record_end(to, &writer);
}

void expansion_write(const struct expansion *expansion, struct buffer *to)
{
	struct wire_writer writer = record_begin(to);

	wire_put_u32(&writer, (uint32_t)expansion->lists_count);
	wire_put_u32(&writer, (uint32_t)expansion->refusals_count);
	record_end(to, &writer);
	for (size_t i = 0; i < expansion->lists_count; i++)
		write_list(&expansion->lists[i], to);
	for (size_t i = 0; i < expansion->refusals_count; i++)
		write_refusal(&expansion->refusals[i], to);
}

/* ---- reading ---- */

/* A count that the octets behind it can hold, so that it reserves no more memory than came. */
static size_t read_count(struct wire_reader *reader, size_t least)
{
	size_t count = wire_get_u32(reader);

	if (count > EXPANSION_MEMBERS || count > reader->left / least)
		reader->failed = true;
	return reader->failed ? 0 : count;
}

static bool read_address(struct wire_reader *reader, struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];
	const char *why;

	wire_get_text(reader, text, sizeof(text));
	return !reader->failed && address_parse(span_text(text), address, &why) &&
	       address->domain[0];
}

static bool read_member(struct wire_reader *reader, struct expansion_member *member)
{
	char via[ROUTE_VIA_SIZE];
	struct conf_hop hop;
	const char *why;

	if (!read_address(reader, &member->address))
		return false;
	wire_get_text(reader, via, sizeof(via));
	if (reader->failed || !via[0])
		return !reader->failed;
	if (!conf_hop_parse(via, &hop, &why))
		return false;
	free(hop.text);
	free(hop.host);
	member->via = memory_text(via);
	return true;
}

/* "" is nobody; anything else an address. */
static bool read_sender(struct wire_reader *reader, struct expansion_list *list)
{
	bool own = wire_get_flag(reader);
	char text[ADDRESS_TEXT_SIZE];
	struct address address;
	const char *why;

	wire_get_text(reader, text, sizeof(text));
	if (reader->failed || (!own && text[0]) ||
	    (text[0] && (!address_parse(span_text(text), &address, &why) || !address.domain[0])))
		return false;
	list->sender = own ? memory_text(text) : NULL;
	return true;
}

static bool read_list(struct wire_reader *reader, struct expansion_list *list, size_t *left)
{
	size_t count;

	if (!read_sender(reader, list))
		return false;
	count = read_count(reader, MEMBER_MIN);
	if (reader->failed || count > *left)
		return false;
	*left -= count;
	list->members = memory_array(count, sizeof(*list->members));
	list->count = count;
	for (size_t i = 0; i < count; i++)
		if (!read_member(reader, &list->members[i]))
			return false;
	return true;
}

static bool status_valid(const char *status)
{
	return (status[0] == '4' || status[0] == '5') && status[1] == '.' &&
	       strspn(status, "0123456789.") == strlen(status);
}

/* One line of printable text: it goes into a report. */
static bool text_valid(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool read_refusal(struct wire_reader *reader, struct expansion_refusal *refusal)
{
	if (!read_address(reader, &refusal->address))
		return false;
	wire_get_text(reader, refusal->status, sizeof(refusal->status));
	wire_get_text(reader, refusal->text, sizeof(refusal->text));
	return !reader->failed && status_valid(refusal->status) && text_valid(refusal->text);
}

static bool read_all(struct wire_reader *reader, struct expansion *expansion)
{
	size_t lists = read_count(reader, LIST_MIN), refusals = read_count(reader, REFUSAL_MIN);
	size_t left = EXPANSION_MEMBERS;

	if (reader->failed)
		return false;
	expansion->lists = memory_array(lists, sizeof(*expansion->lists));
	expansion->lists_count = lists;
	for (size_t i = 0; i < lists; i++)
		if (!read_list(reader, &expansion->lists[i], &left))
			return false;
	expansion->refusals = memory_array(refusals, sizeof(*expansion->refusals));
	expansion->refusals_count = refusals;
	for (size_t i = 0; i < refusals; i++)
		if (!read_refusal(reader, &expansion->refusals[i]))
			return false;
	return wire_done(reader);
}

bool expansion_read(struct span octets, struct expansion *expansion)
{
	struct wire_reader reader = wire_reader_of(octets);

	*expansion = (struct expansion){ 0 };
	if (read_all(&reader, expansion))
		return true;
	expansion_clear(expansion);
	return false;
}

/* ---- files ---- */

static bool write_all(int fd, struct span octets)
{
	while (octets.length > 0) {
		ssize_t written = write(fd, octets.at, octets.length);

		if (written < 0)
			return false;
		octets = span_skip(octets, (size_t)written);
	}
	return true;
}

int expansion_write_file(const struct expansion *expansion)
{
	struct buffer octets = BUFFER_EMPTY;
	int fd = memfd_create("expansion", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	expansion_write(expansion, &octets);
	if (!write_all(fd, buffer_span(&octets)) ||
	    fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0) {
		close(fd);
		fd = -1;
	}
	buffer_clear(&octets);
	return fd;
}

bool expansion_read_file(int fd, struct expansion *expansion)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;
	void *octets;
	bool read;

	*expansion = (struct expansion){ 0 };
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &status) != 0 ||
	    status.st_size <= 0 || (uint64_t)status.st_size > FILE_MAX)
		return false;
	octets = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (octets == MAP_FAILED)
		return false;
	read = expansion_read(span_make(octets, (size_t)status.st_size), expansion);
	munmap(octets, (size_t)status.st_size);
	return read;
}

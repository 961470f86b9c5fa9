/* SPDX-License-Identifier: ISC */
#include "base/wire.h"

#include <endian.h>
#include <string.h>

void wire_writer_init(struct wire_writer *writer, void *memory, size_t size)
{
	*writer = (struct wire_writer){ .at = memory, .size = size };
}

void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t length)
{
	if (writer->failed || length > writer->size - writer->used) {
		writer->failed = true;
		return;
	}
	if (length)
		memcpy(writer->at + writer->used, bytes, length);
	writer->used += length;
}

void wire_put_u8(struct wire_writer *writer, uint8_t value)
{
	wire_put_bytes(writer, &value, sizeof value);
}

void wire_put_u32(struct wire_writer *writer, uint32_t value)
{
	uint32_t little = htole32(value);

	wire_put_bytes(writer, &little, sizeof little);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value)
{
	uint64_t little = htole64(value);

	wire_put_bytes(writer, &little, sizeof little);
}

void wire_put_span(struct wire_writer *writer, struct span bytes)
{
	if (bytes.length > UINT32_MAX) {
		writer->failed = true;
		return;
	}
	wire_put_u32(writer, (uint32_t)bytes.length);
	wire_put_bytes(writer, bytes.at, bytes.length);
}

void wire_put_text(struct wire_writer *writer, const char *text)
{
	wire_put_span(writer, span_text(text));
}

void wire_reader_init(struct wire_reader *reader, const void *memory, size_t length)
{
	*reader = (struct wire_reader){ .at = memory, .left = length };
}

void wire_get_bytes(struct wire_reader *reader, void *to, size_t length)
{
	if (reader->failed || length > reader->left) {
		reader->failed = true;
		memset(to, 0, length);
		return;
	}
	memcpy(to, reader->at, length);
	reader->at += length;
	reader->left -= length;
}

struct wire_reader wire_reader_of(struct span record)
{
	struct wire_reader reader;

	wire_reader_init(&reader, record.at, record.length);
	return reader;
}

uint8_t wire_get_u8(struct wire_reader *reader)
{
	uint8_t value;

	wire_get_bytes(reader, &value, sizeof value);
	return value;
}

unsigned wire_get_choice(struct wire_reader *reader, unsigned last)
{
	unsigned value = wire_get_u8(reader);

	if (value > last) {
		reader->failed = true;
		return 0;
	}
	return value;
}

uint8_t wire_get_flag(struct wire_reader *reader)
{
	return (uint8_t)wire_get_choice(reader, 1);
}

uint32_t wire_get_u32(struct wire_reader *reader)
{
	uint32_t little;

	wire_get_bytes(reader, &little, sizeof little);
	return le32toh(little);
}

uint64_t wire_get_u64(struct wire_reader *reader)
{
	uint64_t little;

	wire_get_bytes(reader, &little, sizeof little);
	return le64toh(little);
}

struct span wire_get_span(struct wire_reader *reader)
{
	uint32_t length = wire_get_u32(reader);
	struct span found;

	if (reader->failed || length > reader->left) {
		reader->failed = true;
		return span_make("", 0);
	}
	found = span_make(reader->at, length);
	reader->at += length;
	reader->left -= length;
	return found;
}

struct span wire_get_span_of(struct wire_reader *reader, size_t most)
{
	struct span found = wire_get_span(reader);

	if (found.length > most)
		reader->failed = true;
	return found;
}

void wire_get_text(struct wire_reader *reader, char *to, size_t size)
{
	struct span text = wire_get_span(reader);

	to[0] = '\0';
	if (reader->failed)
		return;
	if (span_has_nul(text) || !span_copy(text, to, size))
		reader->failed = true;
}

bool wire_done(const struct wire_reader *reader)
{
	return !reader->failed && reader->left == 0;
}

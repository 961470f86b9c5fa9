/* SPDX-License-Identifier: ISC */
#include "mail/pickup.h"

#include <stdio.h>

void pickup_body_init(struct pickup_body *body, unsigned lines, bool unstuff)
{
	*body = (struct pickup_body){ .line = lines, .unstuff = unstuff };
}

static bool fail(const struct pickup_body *body, char why[PICKUP_REASON_SIZE], const char *what)
{
	snprintf(why, PICKUP_REASON_SIZE, "line %u %s", body->line + 1, what);
	return false;
}

static void line_over(struct pickup_body *body, struct buffer *out)
{
	buffer_add(out, "\r\n", 2);
	body->line++;
	body->column = 0;
	body->cr = false;
	body->dot = false;
}

/* One octet that is no line end. */
static bool take(struct pickup_body *body, char c, struct buffer *out, char why[PICKUP_REASON_SIZE])
{
	if (c == '\0')
		return fail(body, why,
			    "has a NUL octet: send binary parts in base64, and text as UTF-8, not "
			    "UTF-16");
	if (body->unstuff && c == '.' && body->column == 0 && !body->dot) {
		/* The first of two goes; a single one is text. */
		body->dot = true;
		return true;
	}
	if (body->dot && body->column == 0 && c != '.') {
		buffer_add(out, ".", 1);
		body->column++;
	}
	body->dot = false;
	if (++body->column > PICKUP_LINE_MAX)
		return fail(
			body, why,
			"is longer than 998 octets: encode that part (quoted-printable or base64)");
	body->wide |= (unsigned char)c > 127;
	buffer_add(out, &c, 1);
	return true;
}

/* A single point at the end of its line. */
static void settle_dot(struct pickup_body *body, struct buffer *out)
{
	if (body->dot && body->column == 0)
		buffer_add(out, ".", 1);
}

bool pickup_body_add(struct pickup_body *body, struct span piece, struct buffer *out,
		     char why[PICKUP_REASON_SIZE])
{
	for (size_t i = 0; i < piece.length; i++) {
		char c = piece.at[i];

		if (body->cr && c != '\n')
			return fail(body, why, "has a CR that is not followed by LF");
		if (c == '\n') {
			settle_dot(body, out);
			line_over(body, out);
		} else if (c == '\r') {
			body->cr = true;
		} else if (!take(body, c, out, why)) {
			return false;
		}
	}
	return true;
}

bool pickup_body_end(struct pickup_body *body, struct buffer *out, char why[PICKUP_REASON_SIZE])
{
	bool open = body->column > 0 || body->dot;

	if (body->cr)
		return fail(body, why, "has a CR that is not followed by LF");
	settle_dot(body, out);
	if (open)
		line_over(body, out);
	return true;
}

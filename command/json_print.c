/* SPDX-License-Identifier: ISC */
#include "command/json_print.h"

#include <stdio.h>

void json_print_text(struct span text)
{
	bool utf8 = utf8_valid(text);

	putchar('"');
	for (size_t i = 0; i < text.length; i++) {
		unsigned char octet = (unsigned char)text.at[i];

		if (octet == '"' || octet == '\\')
			printf("\\%c", octet);
		else if (octet < 0x20)
			printf("\\u%04x", octet);
		else
			putchar(octet >= 0x80 && !utf8 ? '?' : octet);
	}
	putchar('"');
}

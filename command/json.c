/* SPDX-License-Identifier: ISC */
#include "command/json.h"

void json_text(FILE *to, struct span text)
{
	bool utf8 = utf8_valid(text);

	fputc('"', to);
	for (size_t i = 0; i < text.length; i++) {
		unsigned char octet = (unsigned char)text.at[i];

		if (octet == '"' || octet == '\\')
			fprintf(to, "\\%c", octet);
		else if (octet < ' ' || octet == 0x7f || (octet >= 0x80 && !utf8))
			fprintf(to, "\\u%04x", octet);
		else
			fputc(octet, to);
	}
	fputc('"', to);
}

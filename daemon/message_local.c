/* SPDX-License-Identifier: ISC */
#include "daemon/message_local.h"

void message_put_prove(struct wire_writer *writer, const struct message_prove *prove)
{
	wire_put_text(writer, prove->account);
	wire_put_text(writer, prove->password);
}

bool message_get_prove(struct span body, struct message_prove *prove)
{
	struct wire_reader reader = wire_reader_of(body);

	wire_get_text(&reader, prove->account, sizeof prove->account);
	wire_get_text(&reader, prove->password, sizeof prove->password);
	return wire_done(&reader);
}

void message_put_proof(struct wire_writer *writer, const struct message_proof *proof)
{
	wire_put_u8(writer, (uint8_t)proof->result);
	wire_put_text(writer, proof->cause);
}

bool message_get_proof(struct span body, struct message_proof *proof)
{
	struct wire_reader reader = wire_reader_of(body);

	proof->result = wire_get_choice(&reader, PASSWORD_TEMPORARY);
	wire_get_text(&reader, proof->cause, sizeof proof->cause);
	return wire_done(&reader);
}

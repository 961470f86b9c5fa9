/* SPDX-License-Identifier: ISC */
/* The directory, asked by the command as the gateway would ask it. */
#ifndef COMMAND_DIRECTORY_H
#define COMMAND_DIRECTORY_H

#include "command/mailbox.h"

struct directory_account;
struct route;

/* The route of an address, cached nowhere. False after an explanation: nobody could be asked. */
bool directory_ask(const struct mailbox_named *named, struct route *route);
/* Somebody has the address: name and address become those of his mailbox. False after an
 * explanation. */
bool directory_settle(struct mailbox_named *named);
/* Makes the account of method directory with the administrator's ticket. False after an
 * explanation. */
bool directory_make(const struct mailbox_named *named, const struct directory_account *account);

#endif

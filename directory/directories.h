/* SPDX-License-Identifier: ISC */
/* Every directory of the configuration, opened once a process; found by name. */
#ifndef DIRECTORY_DIRECTORIES_H
#define DIRECTORY_DIRECTORIES_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct conf_directory;
struct directory;
struct directory_prover;
struct directories;

/* Sets the libraries up; directories_open does it too. False with the reason in `room`. */
bool directories_prepare(const struct conf *conf, char *room, size_t size);
/*
 * Opens what needs privileges (keytabs into memory, password files) and starts
 * nothing. Call before privileges are dropped and before threads exist. NULL with
 * *why (static or in `room`) when a file cannot be read.
 */
struct directories *directories_open(const struct conf *conf, char *room, size_t size);
/* Starts the threads that keep connections; after privileges were dropped. */
void directories_start(struct directories *directories);
/* For every directory; see directory_set_prover. */
void directories_set_prover(struct directories *directories, const struct directory_prover *prover);
void directories_close(struct directories *directories);
struct directory *directories_find(struct directories *directories,
				   const struct conf_directory *conf);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * The socket over which `postern` talks to the master: <run>/control, a stream,
 * for root alone. The client sends one word and a newline and reads to the end:
 * "ok" or "error TEXT", then for `status` one line a process, fields by tabs, for
 * `explain login NAME`, `explain address ADDRESS` and `explain send FROM TAB TO TAB NAME` what
 * the directory role says (directory_role/explain.h), for
 * `queue ACT ID...` how many of these messages were found and done.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#define CONTROL_LINE_MAX 8192 /* octets of a word, with its newline */

struct control;
struct master;

struct control *control_open(struct master *master, const char *run); /* NULL after a log line */
void control_close(struct control *control);

#endif

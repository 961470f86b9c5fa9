/* SPDX-License-Identifier: ISC */
/* The texts of reports in a directory: failed.txt, delayed.txt, success.txt (mail/report.h). */
#ifndef CONF_CONF_TEMPLATES_H
#define CONF_CONF_TEMPLATES_H

#include <stddef.h>

struct report_template;

#define CONF_TEMPLATES_WHY_SIZE 600

/*
 * For a file that is not there the built-in text stands. NULL with "PATH:LINE: what is wrong" when
 * one cannot be read or is none. Blocks.
 */
struct report_template *conf_templates_read(const char *directory,
					    char why[CONF_TEMPLATES_WHY_SIZE]);

#endif

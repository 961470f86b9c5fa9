/* SPDX-License-Identifier: ISC */
#include "store/store_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void failure_clear(struct store_failure *failure)
{
	if (failure != NULL)
		memset(failure, 0, sizeof *failure);
}

static size_t failure_format(struct store_failure *failure, const char *format, va_list arguments)
{
	int length = vsnprintf(failure->reason, sizeof failure->reason, format, arguments);

	if (length < 0)
		return 0;
	return (size_t)length < sizeof failure->reason ? (size_t)length
						       : sizeof failure->reason - 1;
}

enum outcome failure_errno(struct store_failure *failure, int error, const char *format, ...)
{
	char text[128];
	va_list arguments;
	size_t used;

	if (failure == NULL)
		return OUTCOME_TEMP;
	va_start(arguments, format);
	used = failure_format(failure, format, arguments);
	va_end(arguments);
	snprintf(failure->reason + used, sizeof failure->reason - used, ": %s",
		 strerror_r(error, text, sizeof text));
	failure->full = error == ENOSPC || error == EDQUOT;
	return OUTCOME_TEMP;
}

enum outcome failure_say(struct store_failure *failure, enum outcome outcome, const char *format,
			 ...)
{
	va_list arguments;

	if (failure == NULL)
		return outcome;
	va_start(arguments, format);
	(void)failure_format(failure, format, arguments);
	va_end(arguments);
	return outcome;
}

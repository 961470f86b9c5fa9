/* SPDX-License-Identifier: ISC */
#include "queue/queue_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum outcome queue_failure_errno(struct queue_failure *failure, int error, const char *format, ...)
{
	char text[128];
	va_list arguments;
	size_t used;
	int length;

	if (failure == NULL)
		return OUTCOME_TEMP;
	va_start(arguments, format);
	length = vsnprintf(failure->reason, sizeof failure->reason, format, arguments);
	va_end(arguments);
	used = length < 0                                ? 0
	       : (size_t)length < sizeof failure->reason ? (size_t)length
							 : sizeof failure->reason - 1;
	snprintf(failure->reason + used, sizeof failure->reason - used, ": %s",
		 strerror_r(error, text, sizeof text));
	failure->full = error == ENOSPC || error == EDQUOT;
	failure->exists = error == EEXIST;
	return OUTCOME_TEMP;
}

enum outcome queue_failure_say(struct queue_failure *failure, enum outcome outcome,
			       const char *format, ...)
{
	va_list arguments;

	if (failure == NULL)
		return outcome;
	va_start(arguments, format);
	(void)vsnprintf(failure->reason, sizeof failure->reason, format, arguments);
	va_end(arguments);
	return outcome;
}

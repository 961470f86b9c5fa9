/* SPDX-License-Identifier: ISC */
#include "base/outcome.h"

const char *outcome_name(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_OK:
		return "ok";
	case OUTCOME_TEMP:
		return "temp";
	case OUTCOME_PERM:
		return "perm";
	}
	return "?";
}

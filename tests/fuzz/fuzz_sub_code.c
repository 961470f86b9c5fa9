/* SPDX-License-Identifier: ISC */
/* Any bytes as the diagnostic message of a refused bind: only account codes blame the user. */
#include "directory/errors.h"

#include <assert.h>
#include <ldap.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t code = error_sub_code(span_make(data, size));
	enum password_result result = error_password_result(LDAP_INVALID_CREDENTIALS, code, true);

	assert(result != PASSWORD_RIGHT);
	if (result == PASSWORD_EXPIRED)
		assert(code == 0x532 || code == 0x773);
	assert(error_password_result(LDAP_BUSY, code, true) == PASSWORD_TEMPORARY);
	return 0;
}

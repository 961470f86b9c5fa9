/* SPDX-License-Identifier: ISC */
#include "daemon/pam.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Modules free the answers with free(). */
static int answer_with_password(int count, const struct pam_message **messages,
				struct pam_response **responses, void *context)
{
	const struct message_prove *prove = context;
	struct pam_response *made;

	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	made = memory_array((size_t)count, sizeof *made);
	for (int i = 0; i < count; i++) {
		if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
			made[i].resp = memory_text(prove->password);
		else if (messages[i]->msg_style == PAM_PROMPT_ECHO_ON)
			made[i].resp = memory_text(prove->account);
	}
	*responses = made;
	return PAM_SUCCESS;
}

/* Who waits for a wrong password to be told is decided elsewhere, not by a sleep here. */
static void no_delay(int result, unsigned microseconds, void *context)
{
	(void)result;
	(void)microseconds;
	(void)context;
}

/* A fault of the system is never one of the password. */
static enum password_result judge(int result)
{
	switch (result) {
	case PAM_SUCCESS:
		return PASSWORD_RIGHT;
	case PAM_NEW_AUTHTOK_REQD:
		return PASSWORD_EXPIRED;
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_MAXTRIES:
	case PAM_ACCT_EXPIRED:
	case PAM_PERM_DENIED:
	case PAM_AUTHTOK_EXPIRED:
		return PASSWORD_WRONG;
	default:
		return PASSWORD_TEMPORARY;
	}
}

void pam_prove(const char *service, const struct message_prove *prove, struct message_proof *proof)
{
	const struct pam_conv conversation = { answer_with_password, (void *)prove };
	const char *step = "start";
	pam_handle_t *handle = NULL;
	int result = pam_start(service, prove->account, &conversation, &handle);

	if (result == PAM_SUCCESS) {
		/* A member of its own: the pointer is a function's. */
		void (*delay)(int, unsigned, void *) = no_delay;
		const void *item = NULL;

		memcpy(&item, &delay, sizeof item);
		(void)pam_set_item(handle, PAM_FAIL_DELAY, item);
		step = "authenticate";
		result = pam_authenticate(handle, PAM_SILENT);
	}
	if (result == PAM_SUCCESS) {
		step = "account";
		result = pam_acct_mgmt(handle, PAM_SILENT);
	}
	proof->result = judge(result);
	snprintf(proof->cause, sizeof proof->cause, "PAM %s: %.150s", step,
		 result == PAM_SUCCESS ? "password right" : pam_strerror(handle, result));
	if (handle)
		(void)pam_end(handle, result);
}

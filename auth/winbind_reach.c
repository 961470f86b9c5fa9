/* SPDX-License-Identifier: ISC */
#include "auth/winbind_reach.h"

#include <stddef.h>

/*
 * What winbind says when no controller has heard the question, or none that takes us for a
 * member. Only what is known to mean that: a guess that failed for another reason is counted,
 * lest the domain count it alone and lock the account out.
 */
static const uint32_t unreached[] = {
	0xc000005e, /* NO_LOGON_SERVERS */
	0xc00000b0, /* PIPE_DISCONNECTED */
	0xc00000b5, /* IO_TIMEOUT */
	0xc00000be, /* BAD_NETWORK_PATH */
	0xc00000c4, /* UNEXPECTED_NETWORK_ERROR */
	0xc00000c9, /* NETWORK_NAME_DELETED */
	0xc00000da, /* CANT_ACCESS_DOMAIN_INFO */
	0xc00000dc, /* INVALID_SERVER_STATE */
	0xc000013b, /* LOCAL_DISCONNECT */
	0xc000013c, /* REMOTE_DISCONNECT */
	0xc000014b, /* PIPE_BROKEN */
	0xc000018a, /* NO_TRUST_LSA_SECRET */
	0xc000018b, /* NO_TRUST_SAM_ACCOUNT */
	0xc000018c, /* TRUSTED_DOMAIN_FAILURE */
	0xc000018d, /* TRUSTED_RELATIONSHIP_FAILURE */
	0xc0000192, /* NETLOGON_NOT_STARTED */
	0xc000020c, /* CONNECTION_DISCONNECTED */
	0xc000020d, /* CONNECTION_RESET */
	0xc0000233, /* DOMAIN_CONTROLLER_NOT_FOUND */
	0xc0000236, /* CONNECTION_REFUSED */
	0xc000023c, /* NETWORK_UNREACHABLE */
	0xc000023d, /* HOST_UNREACHABLE */
	0xc0000241, /* CONNECTION_ABORTED */
	0xc0020017, /* RPC_NT_SERVER_UNAVAILABLE */
	0xc002001b, /* RPC_NT_CALL_FAILED */
};

static bool is_unreached(uint32_t status)
{
	for (size_t i = 0; i < sizeof(unreached) / sizeof(unreached[0]); i++)
		if (unreached[i] == status)
			return true;
	return false;
}

static bool reached_lately(struct winbind_probe *probe, int64_t now_ms)
{
	int64_t reached = atomic_load(&probe->reached_ms);

	return reached && now_ms - reached < WINBIND_REACHED_MS;
}

const char *winbind_trouble(struct winbind_probe *probe, int64_t now_ms)
{
	uint32_t status = 0;

	if (!probe->there())
		return "winbind does not answer: start it";
	if (reached_lately(probe, now_ms))
		return NULL;
	switch (probe->ping(&status)) {
	case WINBIND_PING_SILENT:
		return "winbind does not answer: restart it";
	case WINBIND_PING_STATUS:
		if (is_unreached(status))
			return "winbind reaches no controller of its domain: run wbinfo --ping-dc";
		if (status == 0)
			atomic_store(&probe->reached_ms, now_ms);
		return NULL;
	case WINBIND_PING_UNKNOWN:
		break;
	}
	return NULL;
}

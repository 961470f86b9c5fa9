/* SPDX-License-Identifier: ISC */
/* POP3 at other servers, in both directions: how we log in there, and who may log in here for
 * others. */
#include "conf/conf_private.h"

enum { PORT_POP3 = 110, PORT_POP3S = 995 };

uint16_t conf_proxy_port(const struct conf_proxy *proxy)
{
	if (proxy->port)
		return proxy->port;
	return proxy->tls == CONF_TLS_IMPLICIT ? PORT_POP3S : PORT_POP3;
}

static void check_secret(struct conf_reading *reading, const struct conf_proxy *proxy)
{
	/* Kerberos alone shows nobody anything. */
	if (proxy->tls == CONF_TLS_NONE && proxy->login.how != CONF_LOGIN_OUT_INTEGRATED)
		conf_tell_key(reading, proxy->line, "tls",
			      "tls = \"none\" would send passwords to the other server in the "
			      "clear: write tls = \"starttls\" or \"implicit\", or login = "
			      "\"integrated\"");
	/* NTLM has no authorization identity: the one who logs in gets his own mailbox. */
	if (proxy->login.how == CONF_LOGIN_OUT_NTLM)
		conf_tell_key(reading, proxy->line, "login",
			      "login = \"ntlm\" cannot open the mailbox of somebody else: write "
			      "\"basic\" or \"integrated\", or \"none\" for the client's own "
			      "password");
}

void conf_check_proxy(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;
	const struct conf_proxy *proxy = &conf->proxy;

	conf_check_names(reading, conf->pop3.line, "proxies", conf->pop3.proxies,
			 conf->pop3.proxies_count);
	if (!proxy->enabled)
		return;
	if (!conf->pop3.enabled)
		conf_tell(reading, proxy->line,
			  "pop3_proxy has no effect without a section pop3: add pop3 { listen "
			  "\"*:110\" { ... } }, or remove it");
	if (proxy->tls == CONF_TLS_NONE && (!proxy->verify || *proxy->tls_ca))
		conf_tell_key(reading, proxy->line, *proxy->tls_ca ? "tls_ca" : "verify",
			      "%s has no effect with tls = \"none\": remove it",
			      *proxy->tls_ca ? "tls_ca" : "verify");
	check_secret(reading, proxy);
	/* What TLS it needs has been looked at. */
	conf_check_login(reading, proxy->line, &proxy->login, CONF_TLS_OUT_VERIFY);
}

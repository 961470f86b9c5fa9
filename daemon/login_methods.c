/* SPDX-License-Identifier: ISC */
#include "daemon/login_methods.h"

#include "conf/conf.h"

void login_mechanisms(const struct conf_methods *methods, struct mechanism list[LOGIN_MECHANISMS])
{
	const unsigned always = MECHANISM_IN_PLAIN | MECHANISM_IN_TLS;
	/* Who has to be bound to a TLS connection needs one. */
	const unsigned bound = methods->binding == CONF_BINDING_REQUIRE ? MECHANISM_IN_TLS : always;
	size_t count = 0;

	if (methods->integrated) {
		list[count++] = (struct mechanism){ "GSSAPI", bound };
		list[count++] = (struct mechanism){ "GSS-SPNEGO", bound };
	}
	/* Who listens could try passwords against what was said, as long as he likes. */
	if (methods->scram) {
		list[count++] = (struct mechanism){ "SCRAM-SHA-256-PLUS", MECHANISM_IN_TLS };
		if (methods->binding != CONF_BINDING_REQUIRE)
			list[count++] =
				(struct mechanism){ "SCRAM-SHA-256", methods->basic_without_tls
									     ? always
									     : MECHANISM_IN_TLS };
	}
	if (methods->ntlm)
		list[count++] =
			(struct mechanism){ "NTLM",
					    methods->ntlm_without_tls ? bound : MECHANISM_IN_TLS };
	if (methods->certificate)
		list[count++] = (struct mechanism){ "EXTERNAL",
						    MECHANISM_IN_TLS | MECHANISM_WITH_CERTIFICATE };
	list[count] = (struct mechanism){ NULL, 0 };
}

const struct conf_methods *login_methods(const struct conf *conf, uint32_t number,
					 const char **service, const char **default_domain)
{
	if (number < conf->smtps_count) {
		*service = "smtp";
		*default_domain = conf->smtps[number].default_domain;
		return &conf->smtps[number].methods;
	}
	if (number > conf->smtps_count || !conf->pop3.enabled)
		return NULL;
	*service = "pop";
	*default_domain = conf->pop3.default_domain;
	return &conf->pop3.methods;
}

/* SPDX-License-Identifier: ISC */
#include "auth/login_name.h"

#include <stdio.h>
#include <string.h>

static bool has_controls(struct span text)
{
	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return true;
	return false;
}

static bool take_parts(struct span user, struct span domain, struct login_name *name)
{
	if (user.length == 0 || domain.length == 0 ||
	    !span_copy(user, name->user, sizeof(name->user)) ||
	    !span_copy(domain, name->domain, sizeof(name->domain)))
		return false;
	ascii_lower_text(name->domain);
	return true;
}

bool login_name_parse(struct span text, struct login_name *name, const char **why)
{
	const char *backslash = text.length ? memchr(text.at, '\\', text.length) : NULL;
	const char *at = text.length ? memrchr(text.at, '@', text.length) : NULL;

	*name = (struct login_name){ .form = LOGIN_BARE };
	*why = "no user name, or not UTF-8, or control characters in it";
	if (text.length == 0 || has_controls(text) || !utf8_valid(text))
		return false;
	*why = "user name with an empty or too long part";
	if (backslash) {
		size_t domain = (size_t)(backslash - text.at);

		name->form = LOGIN_DOWN_LEVEL;
		return take_parts(span_skip(text, domain + 1), span_make(text.at, domain), name);
	}
	if (at) {
		size_t user = (size_t)(at - text.at);

		name->form = LOGIN_ADDRESS;
		return take_parts(span_make(text.at, user), span_skip(text, user + 1), name);
	}
	return span_copy(text, name->user, sizeof(name->user));
}

static void set_try(struct login_try *try, const char *user, const char *at, const char *domain)
{
	snprintf(try->login, sizeof(try->login), "%s%s%s", user, at, at[0] ? domain : "");
	snprintf(try->user, sizeof(try->user), "%s", user);
	snprintf(try->domain, sizeof(try->domain), "%s", domain);
}

static size_t bare_tries(const struct login_name *name, const struct login_place *place,
			 struct login_try tries[LOGIN_TRIES_MAX])
{
	size_t address = place->append_first ? 0 : 1;

	set_try(&tries[1 - address], name->user, "", "");
	if (!place->mail_domain[0]) {
		set_try(&tries[0], name->user, "", "");
		return 1;
	}
	set_try(&tries[address], name->user, "@", place->mail_domain);
	return 2;
}

static size_t address_tries(const struct login_name *name, const struct login_place *place,
			    struct login_try tries[LOGIN_TRIES_MAX])
{
	size_t count = 0;

	if (place->mail_domain[0])
		set_try(&tries[count++], name->user, "@", place->mail_domain);
	/* As it was typed: the directory may know a name in an alias domain by itself. */
	if (strcmp(name->domain, place->mail_domain) != 0)
		set_try(&tries[count++], name->user, "@", name->domain);
	/* The implicit user principal name, account@dns.domain (MS-ADTS 5.1.1.1.1). */
	if (place->ad_domain[0] && strcmp(name->domain, place->ad_domain) == 0)
		set_try(&tries[count++], name->user, "", name->domain);
	return count;
}

size_t login_name_tries(const struct login_name *name, const struct login_place *place,
			struct login_try tries[LOGIN_TRIES_MAX])
{
	switch (name->form) {
	case LOGIN_BARE:
		return bare_tries(name, place, tries);
	case LOGIN_DOWN_LEVEL:
		set_try(&tries[0], name->user, "", name->domain);
		return 1;
	case LOGIN_ADDRESS:
		break;
	}
	return address_tries(name, place, tries);
}

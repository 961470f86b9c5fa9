/* SPDX-License-Identifier: ISC */
/* The question to a token endpoint, by libcurl, and its answer, by jansson. */
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/client_private.h"
#include "auth/oauth.h"
#include "base/memory.h"

enum { ANSWER_MAX = 64 * 1024, LIVES_DEFAULT = 300, LIVES_MAX = 7 * 86400 };
#define CONNECT_SECONDS 10L
#define ALL_SECONDS     20L

static int64_t seconds_of(const json_t *value)
{
	/* Some send it as a text. */
	double seconds = json_is_string(value) ? strtod(json_string_value(value), NULL)
					       : json_number_value(value);

	if (!(seconds >= 1))
		return LIVES_DEFAULT;
	return seconds < LIVES_MAX ? (int64_t)seconds : LIVES_MAX;
}

/* The words go into the log and into reports, on one line. */
static void keep_words(const char *code, const char *words, char *why, size_t size)
{
	snprintf(why, size, "%.60s: %.200s", code, words ? words : "no description");
	for (char *at = why; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = ' ';
}

bool oauth_answer_parse(const char *text, size_t length, struct oauth_answer *answer, char *why,
			size_t size)
{
	json_error_t error;
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	const char *token = json_string_value(json_object_get(root, "access_token"));
	const char *refresh = json_string_value(json_object_get(root, "refresh_token"));
	const char *code = json_string_value(json_object_get(root, "error"));
	const char *words = json_string_value(json_object_get(root, "error_description"));

	*answer = (struct oauth_answer){ 0 };
	answer->lives = seconds_of(json_object_get(root, "expires_in"));
	if (token && token[0] && strlen(token) < CLIENT_SECRET_MAX && !strpbrk(token, "\001\r\n")) {
		answer->token = memory_text(token);
		answer->refresh = memory_text(refresh);
	} else if (code) {
		keep_words(code, words, why, size);
	} else {
		snprintf(why, size, "%s",
			 root ? "an answer without access_token" : "an answer that is no JSON");
	}
	json_decref(root);
	return answer->token != NULL;
}

static size_t on_octets(char *octets, size_t one, size_t count, void *context)
{
	struct buffer *answer = context;

	if (buffer_used(answer) + count > ANSWER_MAX)
		return 0;
	buffer_add(answer, octets, count);
	return one * count;
}

static void add_field(CURL *curl, struct buffer *form, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(curl, value, 0);

	if (!escaped)
		memory_die("no memory for a form");
	buffer_add_format(form, "%s%s=%s", buffer_used(form) > 0 ? "&" : "", name, escaped);
	memory_wipe(escaped, strlen(escaped));
	curl_free(escaped);
}

/* A field from a file's first line. */
static bool add_secret(CURL *curl, struct buffer *form, const char *name, const char *file,
		       char *why, size_t size)
{
	size_t length;
	char *secret = client_read_line(file, &length);

	if (!secret) {
		snprintf(why, size, "%s: %s: its first line should be the %s", file,
			 errno == EINVAL ? "nothing in it" : strerror(errno), name);
		return false;
	}
	secret[length] = '\0';
	add_field(curl, form, name, secret);
	memory_wipe(secret, length);
	free(secret);
	return true;
}

static bool fill_form(CURL *curl, const struct conf_login *login, const char *refresh,
		      struct buffer *form, char *why, size_t size)
{
	bool refreshing = login->refresh_token_file[0];

	add_field(curl, form, "grant_type", refreshing ? "refresh_token" : "client_credentials");
	add_field(curl, form, "client_id", login->client_id);
	if (login->scope[0])
		add_field(curl, form, "scope", login->scope);
	if (login->client_secret_file[0] &&
	    !add_secret(curl, form, "client_secret", login->client_secret_file, why, size))
		return false;
	if (refreshing && refresh)
		add_field(curl, form, "refresh_token", refresh);
	return !refreshing || refresh ||
	       add_secret(curl, form, "refresh_token", login->refresh_token_file, why, size);
}

static void set_options(CURL *curl, const struct conf_login *login, struct buffer *form,
			struct buffer *answer)
{
	curl_easy_setopt(curl, CURLOPT_URL, login->token_url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
			 "https,http"); /* conf_check: http on loopback only */
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)buffer_used(form));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, buffer_bytes(form));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_octets);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, ALL_SECONDS);
	if (!login->token_ca[0])
		return;
	curl_easy_setopt(curl, CURLOPT_CAINFO, login->token_ca);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* these, and not the system's as well */
}

static bool perform(CURL *curl, const struct conf_login *login, struct buffer *form,
		    struct oauth_answer *answer, char *why, size_t size)
{
	struct buffer text = BUFFER_EMPTY;
	char words[CURL_ERROR_SIZE] = "";
	bool good = false;
	long status = 0;
	CURLcode code;

	set_options(curl, login, form, &text);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	code = curl_easy_perform(curl);
	if (code == CURLE_OK) {
		good = oauth_answer_parse(buffer_bytes(&text), buffer_used(&text), answer, words,
					  sizeof words);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		snprintf(why, size, "no token from %.120s: HTTP %ld: %s", login->token_url, status,
			 words);
	} else {
		snprintf(why, size, "no token from %.120s: %s", login->token_url,
			 words[0] ? words : curl_easy_strerror(code));
	}
	buffer_wipe(&text);
	return good;
}

bool oauth_fetch(const struct conf_login *login, const char *refresh, struct oauth_answer *answer,
		 char *why, size_t size)
{
	CURL *curl = curl_easy_init();
	struct buffer form = BUFFER_EMPTY;
	bool good;

	*answer = (struct oauth_answer){ 0 };
	if (!curl) {
		snprintf(why, size, "libcurl cannot be set up");
		return false;
	}
	good = fill_form(curl, login, refresh, &form, why, size) &&
	       perform(curl, login, &form, answer, why, size);
	buffer_wipe(&form);
	curl_easy_cleanup(curl);
	return good;
}

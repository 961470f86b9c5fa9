/* SPDX-License-Identifier: ISC */
#include "resolver/fetch.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "io/tls_trust.h"

enum {
	BODY_MAX = 65536,
	SECONDS = 60,
	CONNECT_SECONDS = 20,
	STATUS_OK = 200,
	WHY = 200,
	URL = 320,
	PLACE = 1600
};

struct fetches {
	struct event_base *base;
	const struct tls_trust *trust;
	CURLM *multi;
	struct event *timer;
};

struct fetch {
	struct fetches *fetches;
	CURL *easy;
	struct curl_slist *place;
	char host[256], why[WHY], text[CURL_ERROR_SIZE];
	bool checked; /* the certificate is good */
	struct buffer body;
	fetch_done done;
	void *context;
};

/* ---- one policy ---- */

static void fetch_end(struct fetch *fetch, const char *why)
{
	fetch->done(fetch->context, why ? span_make(NULL, 0) : buffer_span(&fetch->body), why);
	curl_multi_remove_handle(fetch->fetches->multi, fetch->easy);
	curl_easy_cleanup(fetch->easy);
	curl_slist_free_all(fetch->place);
	buffer_clear(&fetch->body);
	free(fetch);
}

/* libcurl does not check it: it reads authorities from files only. Nothing is believed before this.
 */
static bool certificate_good(struct fetch *fetch)
{
	const struct curl_tlssessioninfo *tls = NULL;

	if (fetch->checked)
		return true;
	if (curl_easy_getinfo(fetch->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls ||
	    tls->backend != CURLSSLBACKEND_GNUTLS || !tls->internals) {
		snprintf(fetch->why, sizeof fetch->why, "no TLS session that can be checked");
		return false;
	}
	fetch->checked = tls_trust_check(fetch->fetches->trust, tls->internals, fetch->host,
					 fetch->why, sizeof fetch->why);
	return fetch->checked;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes;
	return certificate_good(context) ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct fetch *fetch = context;

	if (!certificate_good(fetch))
		return 0;
	if (buffer_used(&fetch->body) + size * count > BODY_MAX) {
		snprintf(fetch->why, sizeof fetch->why, "the policy has more than %d octets",
			 BODY_MAX);
		return 0;
	}
	buffer_add(&fetch->body, bytes, size * count);
	return size * count;
}

static bool fetch_options(struct fetch *fetch)
{
	CURL *easy = fetch->easy;
	char url[URL];

	snprintf(url, sizeof url, "https://%s/.well-known/mta-sts.txt", fetch->host);
	return !(curl_easy_setopt(easy, CURLOPT_URL, url) ||
		 curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch) ||
		 curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") ||
		 curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) ||
		 curl_easy_setopt(easy, CURLOPT_PROXY, "") ||
		 curl_easy_setopt(easy, CURLOPT_RESOLVE, fetch->place) ||
		 curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) ||
		 curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)SECONDS) ||
		 curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS) ||
		 curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) ||
		 curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) ||
		 curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) ||
		 curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) ||
		 curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) ||
		 curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) ||
		 curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) ||
		 curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
		 curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
		 curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->text) ||
		 curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) ||
		 curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch) ||
		 curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) ||
		 curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch));
}

void fetch_policy(struct fetches *fetches, const char *host, const char *addresses, fetch_done done,
		  void *context)
{
	struct fetch *fetch = memory_new(sizeof *fetch);
	char place[PLACE];

	fetch->fetches = fetches;
	fetch->done = done;
	fetch->context = context;
	snprintf(fetch->host, sizeof fetch->host, "%s", host);
	/* "+": without it libcurl would remember the host for ever. */
	snprintf(place, sizeof place, "+%s:443:%s", host, addresses);
	fetch->place = curl_slist_append(NULL, place);
	fetch->easy = curl_easy_init();
	if (!fetch->place || !fetch->easy || !fetch_options(fetch) ||
	    curl_multi_add_handle(fetches->multi, fetch->easy) != CURLM_OK)
		memory_die("libcurl does not take a question");
}

/* ---- libcurl in the loop ---- */

/* RFC 8461 section 3.3: 200 and nothing else; text/plain, so that it is no page that visitors could
 * write. */
static const char *refusal(struct fetch *fetch, CURLcode code)
{
	const char *type = NULL;
	long status = 0;

	if (fetch->why[0])
		return fetch->why;
	if (code != CURLE_OK)
		return fetch->text[0] ? fetch->text : curl_easy_strerror(code);
	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
	if (status != STATUS_OK)
		snprintf(fetch->why, sizeof fetch->why, "HTTP status %ld", status);
	else if (!type || !span_starts_nocase(span_text(type), "text/plain"))
		snprintf(fetch->why, sizeof fetch->why, "the policy is not text/plain");
	else if (!certificate_good(fetch))
		return fetch->why;
	return fetch->why[0] ? fetch->why : NULL;
}

static void collect(struct fetches *fetches)
{
	struct CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetches->multi, &left))) {
		struct fetch *fetch = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		fetch_end(fetch, refusal(fetch, code));
	}
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
	struct fetches *fetches = context;
	int action = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		     (what & EV_WRITE ? CURL_CSELECT_OUT : 0),
	    running;

	curl_multi_socket_action(fetches->multi, fd, action, &running);
	collect(fetches);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct fetches *fetches = context;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(fetches->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(fetches);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *own)
{
	struct fetches *fetches = context;
	struct event *event = own;
	short events = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
			       (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	if (event)
		event_free(event);
	event = what == CURL_POLL_REMOVE ? NULL
					 : event_new(fetches->base, fd, events, on_socket, fetches);
	if (event)
		event_add(event, NULL);
	curl_multi_assign(fetches->multi, fd, event);
	return 0;
}

static int watch_time(CURLM *multi, long milliseconds, void *context)
{
	struct fetches *fetches = context;
	struct timeval wait = { milliseconds / 1000, milliseconds % 1000 * 1000 };

	(void)multi;
	if (milliseconds < 0)
		evtimer_del(fetches->timer);
	else
		evtimer_add(fetches->timer, &wait);
	return 0;
}

struct fetches *fetches_new(struct event_base *base, const struct tls_trust *trust)
{
	struct fetches *fetches = memory_new(sizeof *fetches);

	fetches->base = base;
	fetches->trust = trust;
	fetches->timer = evtimer_new(base, on_timer, fetches);
	if (!fetches->timer || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
	    !(fetches->multi = curl_multi_init()))
		memory_die("libcurl cannot be used");
	curl_multi_setopt(fetches->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(fetches->multi, CURLMOPT_SOCKETDATA, fetches);
	curl_multi_setopt(fetches->multi, CURLMOPT_TIMERFUNCTION, watch_time);
	curl_multi_setopt(fetches->multi, CURLMOPT_TIMERDATA, fetches);
	return fetches;
}

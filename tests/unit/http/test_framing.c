#include <criterion/criterion.h>
#include <string.h>

#include "http_framing.h"

#define BODY_MAX 16384

/* lines: "Name: value" each, NULL-terminated. */
static int verdict(const char *version, const char *const *lines)
{
	struct http_framing framing = {0};
	const char *code = NULL, *message = NULL;
	int status;

	for (; *lines; lines++) {
		const char *colon = strchr(*lines, ':');

		http_framing_add(&framing, *lines, (size_t)(colon - *lines), colon + 2, strlen(colon + 2));
	}
	status = http_framing_verdict(&framing, version, BODY_MAX, &code, &message);
	cr_assert(!status || (code && message));
	return status;
}

#define VERDICT(version, ...) verdict((version), (const char *const[]){__VA_ARGS__, NULL})

Test(http_framing, an_everyday_request_goes_on)
{
	cr_assert_eq(VERDICT("HTTP/1.1", "Host: a.example:8080", "Content-Length: 16384", "X-Y_Z: a\tb"), 0);
	cr_assert_eq(VERDICT("HTTP/1.1", "host: a", "transfer-encoding: Chunked"), 0);
	cr_assert_eq(VERDICT("HTTP/1.0", "Accept: */*"), 0);
}

Test(http_framing, two_ways_to_say_where_the_body_ends_are_refused)
{
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 3", "Transfer-Encoding: chunked"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 3", "content-length: 3"), 400);
	cr_expect_eq(
		VERDICT("HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
		400);
}

Test(http_framing, lengths_are_digits)
{
	static const char *const lengths[] = {"Content-Length: -1",   "Content-Length: +1",
					      "Content-Length: 0x10", "Content-Length: 1 ",
					      "Content-Length: 1,1",  "Content-Length: ",
					      "Content-Length: 1e3",  "Content-Length: 99999999999999999999"};

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", lengths[i]), 400, "%s", lengths[i]);
}

Test(http_framing, only_chunked_is_a_transfer_encoding)
{
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Transfer-Encoding: xchunked"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Transfer-Encoding: identity"), 400);
	cr_expect_eq(VERDICT("HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"), 400);
}

Test(http_framing, exactly_one_host_is_needed)
{
	cr_expect_eq(VERDICT("HTTP/1.1", "Accept: */*"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Host: a"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: "), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a b"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a@b"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a, b"), 400);
}

Test(http_framing, header_names_are_tokens)
{
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Transfer-Encoding : chunked"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "X\x01: b"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", ": b"), 400);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "X: a\x02"), 400);
}

Test(http_framing, a_nul_in_a_value_is_refused)
{
	struct http_framing framing = {0};
	const char *code, *message;

	http_framing_add(&framing, "Host", 4, "a", 1);
	http_framing_add(&framing, "X", 1, "a\0b", 3);
	cr_assert_eq(http_framing_verdict(&framing, "HTTP/1.1", BODY_MAX, &code, &message), 400);
}

Test(http_framing, two_authorizations_are_refused)
{
	cr_assert_eq(VERDICT("HTTP/1.1", "Host: a", "Authorization: Bearer x", "authorization: Bearer y"),
		     400);
}

Test(http_framing, two_content_types_are_refused)
{
	cr_assert_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Type: text/plain"), 0);
	cr_assert_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Type: text/plain", "content-type: text/plain"),
		     400);
}

Test(http_framing, a_body_comes_as_it_is)
{
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 3", "Content-Encoding: gzip"), 415);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "content-encoding: br"),
		     415);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 3", "Content-Encoding: identity, gzip"),
		     415);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 3", "Content-Encoding: identity",
			     "Content-Encoding: gzip"),
		     415);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 3", "Content-Encoding: Identity"), 0);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 3", "Content-Encoding: "), 0);
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 0", "Content-Encoding: gzip"), 0,
		     "no body");
	cr_expect_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Encoding: gzip"), 0);
}

Test(http_framing, too_much_is_413_or_431)
{
	static char big[HTTP_HEADER_BYTES_MAX + 8] = "X: ";

	cr_assert_eq(VERDICT("HTTP/1.1", "Host: a", "Content-Length: 16385"), 413);
	memset(big + 3, 'a', sizeof big - 4);
	cr_assert_eq(VERDICT("HTTP/1.1", "Host: a", big), 431);
}

Test(http_framing, other_versions_are_505)
{
	cr_assert_eq(VERDICT("HTTP/2.0", "Host: a"), 505);
	cr_assert_eq(VERDICT("HTTP/1.2", "Host: a"), 505);
	cr_assert_eq(VERDICT("http/1.1", "Host: a"), 505);
}

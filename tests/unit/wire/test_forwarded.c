/* test_forwarded.c: a client cannot choose its own address, whatever it writes into the headers. */
#include <criterion/criterion.h>
#include <string.h>

#include "forwarded.h"
#include "str.h"

#define OURS "10.0.0.0/8,2001:db8:aaaa::/48"

static const char *client_of(enum forwarded_style style, const char *peer_text, const char *const *lines)
{
	static char out[ADDRESS_TEXT_BYTES];
	struct forwarded_lines given = {.count = 0};
	struct address_ranges trusted;
	struct address peer, client;

	cr_assert(address_ranges_decode(OURS, &trusted));
	cr_assert(address_decode(peer_text, strlen(peer_text), &peer));
	for (; *lines; lines++)
		forwarded_add(&given, *lines, strlen(*lines));
	client = forwarded_client(&given, style, &peer, &trusted);
	address_encode(&client, out);
	return out;
}

#define LINES(...)          ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define X(peer, ...)        client_of(FORWARDED_X, (peer), LINES(__VA_ARGS__))
#define STANDARD(peer, ...) client_of(FORWARDED_STANDARD, (peer), LINES(__VA_ARGS__))

Test(forwarded, a_stranger_is_who_it_is_whatever_it_says)
{
	cr_expect_str_eq(X("192.0.2.1", "203.0.113.5"), "192.0.2.1");
	cr_expect_str_eq(X("192.0.2.1", "10.0.0.1"), "192.0.2.1");
	cr_expect_str_eq(STANDARD("192.0.2.1", "for=203.0.113.5"), "192.0.2.1");
}

Test(forwarded, behind_our_proxies_the_rightmost_stranger_asked)
{
	cr_expect_str_eq(X("10.0.0.1"), "10.0.0.1");
	cr_expect_str_eq(X("10.0.0.1", "192.0.2.1"), "192.0.2.1");
	cr_expect_str_eq(X("10.0.0.1", "203.0.113.5, 192.0.2.1"), "192.0.2.1");
	cr_expect_str_eq(X("10.0.0.1", "203.0.113.5,192.0.2.1 ,\t10.0.0.2,10.9.9.9"), "192.0.2.1");
	cr_expect_str_eq(X("10.0.0.1", "10.0.0.5,10.0.0.4"), "10.0.0.5");
	cr_expect_str_eq(X("2001:db8:aaaa::1", "2001:db8:bbbb::7"), "2001:db8:bbbb::7");
	cr_expect_str_eq(X("10.0.0.1", "203.0.113.5", "192.0.2.1"), "192.0.2.1");
	cr_expect_str_eq(X("10.0.0.1", "192.0.2.1", "10.0.0.3"), "192.0.2.1");
}

Test(forwarded, ports_and_brackets_are_no_part_of_the_address)
{
	cr_expect_str_eq(X("10.0.0.1", "192.0.2.1:4711"), "192.0.2.1");
	cr_expect_str_eq(X("10.0.0.1", "[2001:db8::7]"), "2001:db8::7");
	cr_expect_str_eq(X("10.0.0.1", "[2001:db8::7]:80"), "2001:db8::7");
	cr_expect_str_eq(STANDARD("10.0.0.1", "for=192.0.2.1"), "192.0.2.1");
	cr_expect_str_eq(STANDARD("10.0.0.1", "For=\"192.0.2.1:80\";proto=https;by=10.0.0.9"), "192.0.2.1");
	cr_expect_str_eq(STANDARD("10.0.0.1", "proto=https; for=\"[2001:db8::7]:4711\""), "2001:db8::7");
	cr_expect_str_eq(STANDARD("10.0.0.1", "for=203.0.113.5, for=192.0.2.1;host=\"a,b;c\", for=10.0.0.2"),
			 "192.0.2.1");
}

Test(forwarded, what_does_not_read_is_counted_as_the_proxy_that_sent_it)
{
	static const char *const bad[] = {"",
					  " ",
					  ",",
					  "unknown",
					  "_hidden",
					  "203.0.113.5,",
					  "203.0.113.5 192.0.2.1",
					  "203.0.113.5, 1.2.3.4.5",
					  "1.2.3.4:",
					  "1.2.3.4:port",
					  "1.2.3.4:123456",
					  "[::1",
					  "[1.2.3.4]",
					  "[2001:db8::7]80",
					  "for=192.0.2.1",
					  "\"192.0.2.1\"",
					  "192.0.2.1;",
					  "203.0.113.5,\x80\xff",
					  ":",
					  "[]"};
	static const char *const bad_standard[] = {"",
						   "192.0.2.1",
						   "for=",
						   "for=\"",
						   "for=\"\"",
						   "for=unknown",
						   "for=_x",
						   "for=2001:db8::7",
						   "for=192.0.2.1;for=203.0.113.5",
						   "by=192.0.2.1",
						   "for=\"192.0.2.1",
						   "for = 192.0.2.1"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_str_eq(X("10.0.0.1", bad[i]), "10.0.0.1", "%s", bad[i]);
	for (size_t i = 0; i < sizeof bad_standard / sizeof *bad_standard; i++)
		cr_expect_str_eq(STANDARD("10.0.0.1", bad_standard[i]), "10.0.0.1", "%s", bad_standard[i]);
	cr_expect_str_eq(X("10.0.0.1", "203.0.113.5, nonsense, 10.0.0.7"), "10.0.0.7");
}

Test(forwarded, quotes_that_the_client_left_open_hide_nothing_of_ours)
{
	cr_expect_str_eq(STANDARD("10.0.0.1", "for=\"203.0.113.5, for=192.0.2.1"), "192.0.2.1");
	cr_expect_str_eq(STANDARD("10.0.0.1", "for=\"203.0.113.5", "for=192.0.2.1"), "192.0.2.1");
	cr_expect_str_eq(STANDARD("10.0.0.1", "x=\"\\\", for=\"192.0.2.1\""), "192.0.2.1");
	/* a Host that a proxy quoted: the comma is in quotes, though it does not look so from the right */
	cr_expect_str_eq(STANDARD("10.0.0.1", "for=192.0.2.1;host=\"x\\\", for=203.0.113.5;y=\\\"\""),
			 "10.0.0.1");
}

Test(forwarded, a_flood_of_proxies_ends_the_search)
{
	struct buf chain;

	buf_init(&chain, 1024);
	buf_add(&chain, "192.0.2.1");
	for (int i = 0; i < 15; i++)
		buf_add(&chain, ",10.0.0.2");
	cr_expect_str_eq(X("10.0.0.1", chain.data), "192.0.2.1");
	buf_add(&chain, ",10.0.0.2");
	cr_expect_str_eq(X("10.0.0.1", chain.data), "10.0.0.2");
	buf_release(&chain);
	cr_expect_str_eq(X("10.0.0.1", "1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1",
			   "1.1.1.1", "1.1.1.1", "1.1.1.1"),
			 "10.0.0.1");
}

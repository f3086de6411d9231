#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "address.h"
#include "str.h"

static struct address decoded(const char *text)
{
	struct address address;

	cr_assert(address_decode(text, strlen(text), &address), "%s", text);
	return address;
}

static bool reads(const char *text)
{
	struct address address;

	return address_decode(text, strlen(text), &address);
}

static const char *household(const char *text)
{
	static char out[ADDRESS_TEXT_BYTES];
	struct address address = decoded(text), counted = address_household(&address);

	address_encode(&counted, out);
	return out;
}

Test(address, reads_exactly_one_address)
{
	static const char *const bad[] = {"",
					  " ",
					  "1.2.3",
					  "1.2.3.4 ",
					  "1.2.3.4:80",
					  "[::1]",
					  "::1%lo",
					  "localhost",
					  "1.2.3.256",
					  "1.2.3.4/8",
					  "0x7f000001",
					  ":::",
					  "1111:2222:3333:4444:5555:6666:7777:8888:9999",
					  "1111:2222:3333:4444:5555:6666:255.255.255.255255255255"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_not(reads(bad[i]), "%s", bad[i]);
	cr_expect(reads("1.2.3.4"));
	cr_expect(reads("::"));
	cr_expect_not(address_decode("1.2.3.4\0", 8, &(struct address){{0}}));
}

Test(address, both_ways_to_write_ipv4_are_one_peer)
{
	struct address plain = decoded("192.0.2.7"), mapped = decoded("::ffff:192.0.2.7");

	cr_assert_arr_eq(plain.bytes, mapped.bytes, 16);
}

Test(address, a_peer_is_read_from_its_socket)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct address expect = decoded("192.0.2.7"), got;

	inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr);
	got = address_of_peer((struct sockaddr *)&v4);
	cr_expect_arr_eq(got.bytes, expect.bytes, 16);
	inet_pton(AF_INET6, "2001:db8::7", &v6.sin6_addr);
	expect = decoded("2001:db8::7");
	got = address_of_peer((struct sockaddr *)&v6);
	cr_expect_arr_eq(got.bytes, expect.bytes, 16);
	expect = decoded("::");
	got = address_of_peer(&(struct sockaddr){.sa_family = AF_UNIX});
	cr_expect_arr_eq(got.bytes, expect.bytes, 16);
	got = address_of_peer(NULL);
	cr_expect_arr_eq(got.bytes, expect.bytes, 16);
}

Test(address, one_household_is_an_ipv4_address_or_a_64)
{
	cr_expect_str_eq(household("192.0.2.7"), "192.0.2.7");
	cr_expect_str_eq(household("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
	cr_expect_str_eq(household("2001:db8:1:2:ffff::"), "2001:db8:1:2::");
	cr_expect_str_eq(household("2001:db8:1:3::"), "2001:db8:1:3::");
}

Test(address, a_range_holds_what_agrees_in_its_first_bits)
{
	static const struct {
		const char *ranges, *address;
		bool in;
	} cases[] = {
		{"10.0.0.0/8", "10.255.255.255", true},      {"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::10.0.0.1", false},         {"192.0.2.4/31", "192.0.2.5", true},
		{"192.0.2.4/31", "192.0.2.6", false},        {"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.8", false},           {"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},         {"::/0", "203.0.113.9", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true}, {"2001:db8::/33", "2001:db8:8000::1", false},
		{"::1 , 127.0.0.0/8", "127.0.0.1", true},    {"::1,127.0.0.0/8", "::1", true},
		{"::ffff:10.0.0.0/104", "10.1.2.3", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address address = decoded(cases[i].address);
		struct address_ranges ranges;

		cr_assert(address_ranges_decode(cases[i].ranges, &ranges), "%s", cases[i].ranges);
		cr_expect_eq(address_is_in(&address, &ranges), cases[i].in, "%s in %s", cases[i].address,
			     cases[i].ranges);
	}
}

Test(address, a_range_that_does_not_read_is_refused)
{
	static const char *const bad[] = {"",
					  ",",
					  "10.0.0.0/8,",
					  ",::1",
					  "10.0.0.0/",
					  "10.0.0.0/33",
					  "10.0.0.0/-1",
					  "10.0.0.0/08",
					  "10.0.0.1/8",
					  "::/129",
					  "::1/64",
					  "10.0.0.0/8 ::1",
					  "any",
					  "10.0.0.0/8/8",
					  "10.0.0.0/1000"};
	struct buf many;
	struct address_ranges ranges = {.count = 7};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_not(address_ranges_decode(bad[i], &ranges), "%s", bad[i]);
	cr_expect_eq(ranges.count, 7);
	buf_init(&many, 1024);
	buf_add(&many, "::1");
	for (int i = 1; i < ADDRESS_RANGES_MAX; i++)
		buf_add(&many, ",::1");
	cr_expect(address_ranges_decode(many.data, &ranges));
	buf_add(&many, ",::1");
	cr_expect_not(address_ranges_decode(many.data, &ranges));
	buf_release(&many);
}

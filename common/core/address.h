/* address.h: the addresses of peers and ranges of them. Pure. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_BYTES 64
#define ADDRESS_RANGES_MAX 32

/* An IPv6 address; IPv4 as ::ffff:a.b.c.d, so that both ways to write one are the same peer. All zero: unknown. */
struct address {
	unsigned char bytes[16];
};

/* The addresses that agree with start in their first bits. */
struct address_range {
	struct address start;
	int bits; /* of 128 */
};

/* Exactly one numeric address in len bytes: no port, no brackets, no zone. */
bool address_decode(const char *text, size_t len, struct address *ret_address);
/* Of a connected peer; unknown for anything but IPv4 and IPv6. */
struct address address_of_peer(const struct sockaddr *peer);

struct address_ranges {
	struct address_range list[ADDRESS_RANGES_MAX];
	size_t count;
};

/* "10.0.0.0/8, ::1, 192.0.2.7": with commas between; bits past a prefix must be zero. False: something else, or too many. */
bool address_ranges_decode(const char *text, struct address_ranges *ret_ranges);
bool address_is_in(const struct address *address, const struct address_ranges *ranges);

/* Who is counted as one: an IPv4 address, or the /64 of an IPv6 address, of which one person has 2^64. */
struct address address_household(const struct address *address);
/* "192.0.2.7", "2001:db8::7". */
void address_encode(const struct address *address, char ret_text[ADDRESS_TEXT_BYTES]);

#endif

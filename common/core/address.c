#include "address.h"

#include <arpa/inet.h>
#include <string.h>

#include "str.h"

#define V4_BITS      96 /* in front of an IPv4 address */
#define HOUSEHOLD_AT 8  /* bytes of a /64 */

static const unsigned char v4_front[12] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct address *address)
{
	return memcmp(address->bytes, v4_front, sizeof v4_front) == 0;
}

static struct address from_v4(const void *four_bytes)
{
	struct address address;

	memcpy(address.bytes, v4_front, sizeof v4_front);
	memcpy(address.bytes + sizeof v4_front, four_bytes, 4);
	return address;
}

bool address_decode(const char *text, size_t len, struct address *ret_address)
{
	char copy[INET6_ADDRSTRLEN];
	struct address address;
	struct in_addr v4;

	if (len == 0 || len >= sizeof copy || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1)
		address = from_v4(&v4);
	else if (inet_pton(AF_INET6, copy, address.bytes) != 1)
		return false;
	*ret_address = address;
	return true;
}

struct address address_of_peer(const struct sockaddr *peer)
{
	struct address address = {{0}};

	if (peer && peer->sa_family == AF_INET)
		address = from_v4(&((const struct sockaddr_in *)(const void *)peer)->sin_addr);
	else if (peer && peer->sa_family == AF_INET6)
		memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
	return address;
}

/* address with everything after its first bits zero. */
static struct address cut(const struct address *address, int bits)
{
	struct address front = {{0}};

	memcpy(front.bytes, address->bytes, (size_t)bits / 8);
	if (bits % 8)
		front.bytes[bits / 8] = address->bytes[bits / 8] & (unsigned char)(0xff00 >> bits % 8);
	return front;
}

static bool range_decode(const char *text, size_t len, struct address_range *ret_range)
{
	const char *slash = memchr(text, '/', len);
	size_t address_len = slash ? (size_t)(slash - text) : len;
	struct address_range range = {.bits = 128};
	struct address front;
	char digits[4];
	int64_t bits;

	if (!address_decode(text, address_len, &range.start))
		return false;
	if (slash) {
		size_t digits_len = len - address_len - 1;
		bool short_form = memchr(text, ':', address_len) == NULL;

		if (digits_len >= sizeof digits)
			return false;
		memcpy(digits, slash + 1, digits_len);
		digits[digits_len] = '\0';
		if (!str_to_int64(digits, &bits) || bits < 0 || bits > (short_form ? 32 : 128))
			return false;
		range.bits = (int)bits + (short_form ? V4_BITS : 0);
	}
	front = cut(&range.start, range.bits);
	if (memcmp(&front, &range.start, sizeof front) != 0)
		return false;
	*ret_range = range;
	return true;
}

bool address_ranges_decode(const char *text, struct address_ranges *ret_ranges)
{
	struct address_ranges ranges = {.count = 0};

	for (;;) {
		size_t len = strcspn(text, ",");
		size_t front = strspn(text, " ");
		size_t end = len;

		while (end > front && text[end - 1] == ' ')
			end--;
		if (front >= end || ranges.count == ADDRESS_RANGES_MAX
		    || !range_decode(text + front, end - front, &ranges.list[ranges.count]))
			return false;
		ranges.count++;
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	*ret_ranges = ranges;
	return true;
}

bool address_is_in(const struct address *address, const struct address_ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++) {
		struct address front = cut(address, ranges->list[i].bits);

		if (memcmp(&front, &ranges->list[i].start, sizeof front) == 0)
			return true;
	}
	return false;
}

struct address address_household(const struct address *address)
{
	return is_v4(address) ? *address : cut(address, HOUSEHOLD_AT * 8);
}

void address_encode(const struct address *address, char ret_text[ADDRESS_TEXT_BYTES])
{
	const char *text = is_v4(address)
				   ? inet_ntop(AF_INET, address->bytes + 12, ret_text, ADDRESS_TEXT_BYTES)
				   : inet_ntop(AF_INET6, address->bytes, ret_text, ADDRESS_TEXT_BYTES);

	if (!text)
		ret_text[0] = '\0';
}

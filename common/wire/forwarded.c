#include "forwarded.h"

#include <string.h>
#include <strings.h>

#define HOPS_MAX 16

struct piece {
	const char *text;
	size_t len;
};

const char *forwarded_header(enum forwarded_style style)
{
	return style == FORWARDED_X ? "X-Forwarded-For" : "Forwarded";
}

void forwarded_add(struct forwarded_lines *lines, const char *text, size_t len)
{
	if (lines->count < FORWARDED_LINES_MAX) {
		lines->list[lines->count].text = text;
		lines->list[lines->count].len = len;
	}
	lines->count++;
}

static struct piece trimmed(struct piece piece)
{
	while (piece.len && (*piece.text == ' ' || *piece.text == '\t')) {
		piece.text++;
		piece.len--;
	}
	while (piece.len && (piece.text[piece.len - 1] == ' ' || piece.text[piece.len - 1] == '\t'))
		piece.len--;
	return piece;
}

/* Cut off what stands right of the last separator that is not in quotes. Read from the right, because the quotes at the left may be the
 * client's, and open. */
static struct piece cut_last(struct piece *rest, char separator)
{
	bool quoted = false;
	size_t at = rest->len;
	struct piece last;

	while (at && (quoted || rest->text[at - 1] != separator))
		quoted ^= rest->text[--at] == '"';
	last = (struct piece){rest->text + at, rest->len - at};
	rest->len = at ? at - 1 : 0;
	return trimmed(last);
}

static bool is_port(struct piece text)
{
	if (text.len < 2 || text.len > 6 || text.text[0] != ':')
		return false;
	for (size_t i = 1; i < text.len; i++)
		if (text.text[i] < '0' || text.text[i] > '9')
			return false;
	return true;
}

/* 192.0.2.7, 192.0.2.7:4711, [2001:db8::7], [2001:db8::7]:4711, and where the style has no brackets 2001:db8::7. */
static bool decode_node(struct piece node, bool bare_v6, struct address *ret_address)
{
	const char *end = node.text + node.len;
	const char *bracket = node.len && *node.text == '[' ? memchr(node.text, ']', node.len) : NULL;
	const char *colon = memchr(node.text, ':', node.len);
	struct piece port = {end, 0};

	if (bracket) {
		port = (struct piece){bracket + 1, (size_t)(end - bracket - 1)};
		node = (struct piece){node.text + 1, (size_t)(bracket - node.text - 1)};
		if (!memchr(node.text, ':', node.len))
			return false;
	} else if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
		port = (struct piece){colon, (size_t)(end - colon)};
		node.len = (size_t)(colon - node.text);
	} else if (colon && !bare_v6) {
		return false;
	}
	return (port.len == 0 || is_port(port)) && address_decode(node.text, node.len, ret_address);
}

/* for=...;by=...;proto=...: exactly one for. With a backslash among its quotes it may have been cut inside of one. */
static bool decode_element(struct piece element, struct address *ret_address)
{
	struct piece node = {NULL, 0};
	int count = 0;

	if (memchr(element.text, '\\', element.len))
		return false;
	while (element.len) {
		struct piece pair = cut_last(&element, ';');

		if (pair.len < 4 || strncasecmp(pair.text, "for=", 4) != 0)
			continue;
		node = (struct piece){pair.text + 4, pair.len - 4};
		count++;
	}
	if (node.len >= 2 && node.text[0] == '"' && node.text[node.len - 1] == '"')
		node = (struct piece){node.text + 1, node.len - 2};
	return count == 1 && decode_node(node, false, ret_address);
}

struct address forwarded_client(const struct forwarded_lines *lines, enum forwarded_style style,
				const struct address *peer, const struct address_ranges *trusted)
{
	struct address client = *peer;
	int hops = 0;

	if (lines->count > FORWARDED_LINES_MAX)
		return client;
	for (int i = lines->count - 1; i >= 0; i--) {
		struct piece rest = {lines->list[i].text, lines->list[i].len};

		do {
			struct piece last;
			struct address next;

			if (hops++ == HOPS_MAX || !address_is_in(&client, trusted))
				return client;
			last = cut_last(&rest, ',');
			if (style == FORWARDED_X ? !decode_node(last, true, &next)
						 : !decode_element(last, &next))
				return client;
			client = next;
		} while (rest.len);
	}
	return client;
}

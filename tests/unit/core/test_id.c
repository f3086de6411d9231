#include <criterion/criterion.h>
#include <string.h>

#include "id.h"

static void check_shape(const char *text, const char *shape)
{
	cr_assert_eq(strlen(text), strlen(shape), "%s", text);
	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == 'h')
			cr_assert(strchr("0123456789abcdef", text[i]), "%s", text);
		else if (shape[i] == 'v')
			cr_assert(strchr("89ab", text[i]), "%s", text);
		else
			cr_assert_eq(text[i], shape[i], "%s", text);
	}
}

Test(id, uuid_is_version_4_and_new_each_time)
{
	char last[ID_UUID_BYTES] = "";

	for (int i = 0; i < 1000; i++) {
		char uuid[ID_UUID_BYTES];

		id_uuid(uuid);
		check_shape(uuid, "hhhhhhhh-hhhh-4hhh-vhhh-hhhhhhhhhhhh");
		cr_assert_str_neq(uuid, last);
		memcpy(last, uuid, sizeof(last));
	}
}

Test(id, hex_has_two_digits_a_byte_for_any_count)
{
	for (size_t count = 0; count < 200; count++) {
		char hex[401];

		memset(hex, '#', sizeof(hex));
		id_hex(hex, count);
		cr_assert_eq(strlen(hex), 2 * count);
		cr_assert_eq(strspn(hex, "0123456789abcdef"), 2 * count);
		if (count < 200)
			cr_assert_eq(hex[2 * count + 1 > 400 ? 400 : 2 * count + 1], '#');
	}
}

Test(id, traceparent_is_w3c)
{
	char traceparent[ID_TRACEPARENT_BYTES];

	id_traceparent(traceparent);
	check_shape(traceparent, "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-01");
}

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

Test(id, a_child_keeps_the_trace_and_the_sampled_flag)
{
	char child[ID_TRACEPARENT_BYTES];

	id_traceparent_child("00-" TRACE "-" SPAN "-01", child);
	check_shape(child, "00-" TRACE "-hhhhhhhhhhhhhhhh-01");
	cr_assert(strstr(child, SPAN) == NULL);
	id_traceparent_child("00-" TRACE "-" SPAN "-00", child);
	check_shape(child, "00-" TRACE "-hhhhhhhhhhhhhhhh-00");
	id_traceparent_child("00-" TRACE "-" SPAN "-ff", child);
	check_shape(child, "00-" TRACE "-hhhhhhhhhhhhhhhh-01");
	id_traceparent_child("cc-" TRACE "-" SPAN "-01-later", child);
	check_shape(child, "00-" TRACE "-hhhhhhhhhhhhhhhh-01");
	id_traceparent_child(child, child);
	check_shape(child, "00-" TRACE "-hhhhhhhhhhhhhhhh-01");
}

Test(id, a_malformed_parent_gives_a_fresh_trace)
{
	static const char *const bad[] = {
		NULL,
		"",
		"00",
		"00-" TRACE "-" SPAN,
		"00-" TRACE "-" SPAN "-0",
		"00-" TRACE "-" SPAN "-01-more",
		"00-" TRACE "-" SPAN "-011",
		"cc-" TRACE "-" SPAN "-011",
		"ff-" TRACE "-" SPAN "-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
		"00_" TRACE "-" SPAN "-01",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char child[ID_TRACEPARENT_BYTES];

		id_traceparent_child(bad[i], child);
		check_shape(child, "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-01");
		cr_assert(strstr(child, TRACE) == NULL, "%s", bad[i]);
		cr_assert(strstr(child, "00000000000000000") == NULL);
	}
}

Test(id, random_numbers_use_every_bit)
{
	uint64_t ones = 0, zeros = 0;

	for (int i = 0; i < 100; i++) {
		uint64_t value = id_random();

		ones |= value;
		zeros |= ~value;
	}
	cr_assert_eq(ones, UINT64_MAX);
	cr_assert_eq(zeros, UINT64_MAX);
}

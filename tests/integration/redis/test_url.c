#include <criterion/criterion.h>

#include "redis_url.h"

Test(redis_url, parts_are_found)
{
	static const struct {
		const char *url;
		const char *user;
		const char *password;
		const char *host;
		int port;
		const char *db;
	} cases[] = {
		{"redis://h", "", "", "h", 6379, ""},
		{"redis://127.0.0.1:6380", "", "", "127.0.0.1", 6380, ""},
		{"redis://h/", "", "", "h", 6379, ""},
		{"redis://h:1/15", "", "", "h", 1, "15"},
		{"redis://:secret@h", "", "secret", "h", 6379, ""},
		{"redis://me:s%40%3a%2F%25@h:65535/0", "me", "s@:/%", "h", 65535, "0"},
		{"redis://:a@b@h", "", "a@b", "h", 6379, ""},
		{"redis://[::1]:7/2", "", "", "::1", 7, "2"},
		{"redis://[::1]", "", "", "::1", 6379, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct redis_url parts;

		cr_assert(redis_url_decode(cases[i].url, &parts), "%s", cases[i].url);
		cr_assert_str_eq(parts.user, cases[i].user);
		cr_assert_str_eq(parts.password, cases[i].password);
		cr_assert_str_eq(parts.host, cases[i].host);
		cr_assert_eq(parts.port, cases[i].port);
		cr_assert_str_eq(parts.db, cases[i].db);
	}
}

Test(redis_url, anything_else_is_refused)
{
	static const char *const wrong[] = {
		"",
		"redis://",
		"http://h",
		"redis://:6379",
		"redis://h:",
		"redis://h:0",
		"redis://h:65536",
		"redis://h:port",
		"redis://h:1x",
		"redis://h/one",
		"redis://h/-1",
		"redis://secret@h",
		"redis://:%@h",
		"redis://:%4@h",
		"redis://:%zz@h",
		"redis://:%00@h",
		"redis://[::1",
		"redis://[::1]x",
		"redis://h/123456789",
		"redis://[]",
		"redis://h:123456",
	};
	struct redis_url parts;

	cr_assert_not(redis_url_decode(NULL, &parts));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_assert_not(redis_url_decode(wrong[i], &parts), "%s", wrong[i]);
}

#include <criterion/criterion.h>
#include <string.h>

#include "request_digest.h"

#define PARTS 9

static const char *const none[] = {NULL}, *const seven[] = {"7", NULL}, *const split[] = {"7", "", NULL};

/* Each differs from the first in one thing, or moves a byte over a border. */
static const struct request_parts requests[PARTS] = {
	{"PUT", "/a/{id}", seven, "", "", "x", 1},    {"POST", "/a/{id}", seven, "", "", "x", 1},
	{"PUT", "/a/{id}/", seven, "", "", "x", 1},   {"PUT", "/a/{id}", none, "", "", "x", 1},
	{"PUT", "/a/{id}", seven, "q=1", "", "x", 1}, {"PUT", "/a/{id}", seven, "", "text/plain", "x", 1},
	{"PUT", "/a/{id}", seven, "", "", "y", 1},    {"PUT", "/a/{id}", seven, "x", "", "", 0},
	{"PUT", "/a/{id}", split, "", "", "x", 1},
};

Test(request_digest, only_the_same_request_has_the_same_digest)
{
	unsigned char sums[PARTS][REQUEST_DIGEST_BYTES], again[REQUEST_DIGEST_BYTES];

	for (int i = 0; i < PARTS; i++) {
		cr_assert(request_digest(&requests[i], sums[i]));
		cr_assert(request_digest(&requests[i], again));
		cr_expect_eq(memcmp(sums[i], again, sizeof again), 0);
		for (int j = 0; j < i; j++)
			cr_expect_neq(memcmp(sums[i], sums[j], sizeof again), 0, "%d and %d", i, j);
	}
}

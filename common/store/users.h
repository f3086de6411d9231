/* users.h: people. The only SQL on `users`. */
#ifndef USERS_H
#define USERS_H

#include "pg.h"

/* A person as the token describes them; NULL where it does not. */
struct user_claims {
	const char *subject; /* never NULL */
	const char *email, *name, *zone, *locale;
};

/* The id of subject; an unknown one becomes a user from these claims. Of a known one an empty mail address or name is filled in; what is
 * there is not changed. One statement, safe beside others that do the same. Errors those of pg_run. */
enum err_kind users_get_id(struct pg *db, const struct user_claims *claims, int64_t *ret_id,
			   struct err *err) MUST_CHECK;

struct users_student {
	int64_t id;
	const char *name; /* "" when unknown */
};
struct users_students {
	int count;
	const struct users_student *items; /* in the arena: by name */
};
/* Whose guardian this user is, at most 1000. */
enum err_kind users_list_students(struct pg *db, int64_t guardian_id, struct arena *arena,
				  struct users_students *ret_students, struct err *err) MUST_CHECK;

#endif

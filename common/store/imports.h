/* imports.h: an import file on its way into the tables: staged in temporary ones, checked against each other and against what is there,
 * then written, in one transaction. Whatever is refused is listed, and then nothing is written. */
#ifndef IMPORTS_H
#define IMPORTS_H

#include "import.h"
#include "pg.h"
#include "str.h"

/* The temporary tables. */
enum imports_table {
	IMPORTS_USERS,
	IMPORTS_OFFERS,
	IMPORTS_BOOKINGS,
	IMPORTS_PAYMENTS,
	IMPORTS_FAULTS,
	IMPORTS_TABLES
};

struct imports {
	struct pg *tx;
	const char *actor;  /* "operator:<name>"; borrowed */
	struct instant now; /* the database's clock when it began */
	int64_t faults, last_line;
	int staged;                      /* lines that wait in rows */
	struct buf rows[IMPORTS_TABLES]; /* as JSON */
};

/* Begin: the transaction and its temporary tables. Connection with a deadline of an hour or so; it belongs to the import until
 * imports_release, which rolls back what imports_commit has not committed. Errors those of pg_run. */
enum err_kind imports_begin(struct pg *db, const char *actor, struct imports *ret_imports,
			    struct err *err) MUST_CHECK;
void imports_release(struct imports *imports);

/* Stage one line that passed its own checks; lines come in their order. Copied; sent in batches. Errors those of pg_run; ERR_RETRY no_memory. */
enum err_kind imports_add_user(struct imports *imports, int64_t line, const struct import_user *user,
			       struct err *err) MUST_CHECK;
enum err_kind imports_add_offer(struct imports *imports, int64_t line, const struct import_offer *offer,
				struct err *err) MUST_CHECK;
enum err_kind imports_add_booking(struct imports *imports, int64_t line, const struct import_booking *booking,
				  struct err *err) MUST_CHECK;

/* A line that is refused, and why. kind, id, subject: what it would have made known, as far as it could be read, so that lines that refer
 * to it are not refused for that. */
struct imports_refusal {
	int64_t line;
	enum import_kind kind;
	int64_t id;
	const char *subject;
	const struct err *why;
};
enum err_kind imports_refuse(struct imports *imports, const struct imports_refusal *refusal,
			     struct err *err) MUST_CHECK;

/* After the last line: check and write, a piece of work at a time, 0 to imports_piece_count() - 1. Faults add to imports->faults; later
 * pieces go on finding, and nothing is written into bookings any more. Users and offers can be read, not written, by others from the first
 * piece on until the end, bookings and payments a little later. */
int imports_piece_count(const struct imports *imports);
enum err_kind imports_run_piece(struct imports *imports, int piece, struct err *err) MUST_CHECK;

/* What was refused, by line, IMPORTS_PAGE at a time; texts in the arena. */
#define IMPORTS_PAGE 500
struct imports_fault {
	int64_t line, number; /* number: which of all, for after */
	const char *about, *code, *message;
};
struct imports_faults {
	int count;
	const struct imports_fault *faults;
};
/* after: the last one of the page before, NULL: from the start. */
enum err_kind imports_list_faults(struct imports *imports, const struct imports_fault *after,
				  struct arena *arena, struct imports_faults *ret_faults,
				  struct err *err) MUST_CHECK;

/* What the file holds, after the last step of a file without faults. */
struct imports_counts {
	int64_t users_new, users_filled, users_known;
	int64_t offers_new, offers_known;
	int64_t bookings_new[4], bookings_known; /* by status */
	int64_t payments_new, payments_known;
	int64_t refunds_new;
};
enum err_kind imports_count(struct imports *imports, struct imports_counts *ret_counts,
			    struct err *err) MUST_CHECK;

/* Claims the Stripe mode of the file's checkouts for this database, if there are any and it has none. */
enum err_kind imports_commit(struct imports *imports, struct err *err) MUST_CHECK;

#endif

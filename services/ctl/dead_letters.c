/* dead_letters.c: the records that nobody could act on: which are open, and a person's two ends for one. */
#include <getopt.h>
#include <stdio.h>

#include "actor.h"
#include "ctl.h"
#include "ctl_db.h"
#include "dead_letters_operator.h"
#include "str.h"

#define ARENA_BYTES_MAX (4u << 20)
#define COMMAND         "unbookctl dead-letters"

struct order {
	bool redrives;
	char **ids;
	int count;
	char actor[ACTOR_BYTES];
};

static int usage(void)
{
	fputs("usage: unbookctl dead-letters [list]\n"
	      "       unbookctl dead-letters discard <id>... [--operator <name>]\n"
	      "       unbookctl dead-letters redrive <id>... [--operator <name>]\n\n"
	      "Records of a topic and events of Stripe that nobody could act on wait for a person.\n"
	      "  list      those that are open, the oldest first, 200 at most: id, since when, key, reason. Only reads. Exit\n"
	      "            code 1: there are some\n"
	      "  discard   it was dealt with elsewhere, or needs nothing\n"
	      "  redrive   an event of Stripe's (key evt_...) is applied once more, now: its booking is here, or what read it\n"
	      "            wrongly is mended. If it still cannot be applied, the letter is open again\n"
	      "Who did it is kept with the letter.\n"
	      "Exit code 1 of discard and redrive: not possible for some, and why is said; the others are done.\n\n"
	      "  --operator <name>   default: $SUDO_USER, else $USER\n"
	      "  UNBOOK_PG_URL       PostgreSQL (or UNBOOK_PG_URL_FILE)\n",
	      stdout);
	return 0;
}

static void put_letter(const struct dead_letter_seen *letter)
{
	ctl_put_text(letter->id);
	fputs("  ", stdout);
	ctl_put_instant(letter->first_seen_at);
	fputs("  ", stdout);
	ctl_put_text(letter->key);
	fputs("  ", stdout);
	ctl_put_text(letter->reason);
	putchar('\n');
}

static enum err_kind list(struct pg *db, void *context, int *ret_code, struct err *err)
{
	struct dead_letters_list found = {0};
	struct arena arena;
	enum err_kind kind;

	(void)context;
	arena_init(&arena, ARENA_BYTES_MAX);
	kind = dead_letters_list(db, &arena, &found, err);
	for (int i = 0; i < found.count; i++)
		put_letter(&found.letters[i]);
	arena_release(&arena);
	if (kind)
		return kind;
	fprintf(stderr, "%lld dead letters are open\n", (long long)found.open);
	*ret_code = found.open ? 1 : 0;
	return ERR_OK;
}

static void say(const struct order *order, const char *id, enum dead_letter_end end)
{
	switch (end) {
	case DEAD_LETTER_ENDED:
		printf("%s: %s\n", id, order->redrives ? "is applied once more" : "discarded");
		return;
	case DEAD_LETTER_NOT_OPEN:
		fprintf(stderr, COMMAND ": %s is no open dead letter\n", id);
		return;
	case DEAD_LETTER_NO_EVENT:
		fprintf(stderr,
			COMMAND
			": %s is no event of Stripe's whose bytes are here; deal with it and discard it\n",
			id);
		return;
	}
}

static enum err_kind end_each(struct pg *db, void *context, int *ret_code, struct err *err)
{
	const struct order *order = context;

	for (int i = 0; i < order->count; i++) {
		enum dead_letter_end end;

		if (order->redrives ? dead_letters_redrive(db, order->ids[i], order->actor, &end, err)
				    : dead_letters_discard(db, order->ids[i], order->actor, &end, err))
			return err->kind;
		say(order, order->ids[i], end);
		if (end != DEAD_LETTER_ENDED)
			*ret_code = 1;
	}
	return ERR_OK;
}

/* 0, or the exit code after it was said what is wrong. */
static int read_order(int argc, char **argv, struct order *order)
{
	static const struct option options[] = {
		{"operator", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	const char *name = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'o')
			return ctl_see_help(COMMAND);
		name = optarg;
	}
	order->ids = argv + optind;
	order->count = argc - optind;
	if (order->count == 0)
		return ctl_wrong(COMMAND, NULL, "which one? Give its id, as list prints it");
	for (int i = 0; i < order->count; i++)
		if (!str_is_printable(order->ids[i]))
			return ctl_wrong(COMMAND, NULL, "an id is printable characters, as list prints it");
	return actor_read(COMMAND, name, order->actor) ? 0 : ctl_see_help(COMMAND);
}

static int command(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "list";
	struct order order = {.redrives = str_eq(word, "redrive")};
	int code;

	if (ctl_wants_help(argc, argv))
		return usage();
	if (str_eq(word, "list")) {
		if (argc > 2)
			return ctl_wrong(COMMAND, argv[2], "is too much: list takes nothing");
		return ctl_with_db(&(struct ctl_work){.name = COMMAND, .run = list});
	}
	if (!order.redrives && !str_eq(word, "discard"))
		return ctl_wrong(COMMAND, word, "is none of list, discard, redrive");
	code = read_order(argc - 1, argv + 1, &order);
	return code ? code
		    : ctl_with_db(&(struct ctl_work){.name = COMMAND, .run = end_each, .context = &order});
}

const struct ctl_command ctl_dead_letters = {"dead-letters",
					     "list, discard or redrive what nobody could act on", command};

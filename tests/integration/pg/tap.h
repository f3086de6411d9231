/* tap.h: a proxy in front of the test's database that misbehaves when told to. Serves one connection after another. */
#ifndef TAP_H
#define TAP_H

enum tap_mood {
	TAP_PASSES,
	TAP_STALLS,            /* takes bytes from both sides and passes nothing on */
	TAP_CUTS_AFTER_COMMIT, /* passes a COMMIT on, waits for its answer and hangs up instead of passing it back */
	TAP_CUTS_BEFORE_COMMIT, /* hangs up on both sides instead of passing a COMMIT on */
};

struct tap;

struct tap *tap_open(void);
void tap_set(struct tap *tap, enum tap_mood mood);
/* The url of the test's database through the tap; borrowed. */
const char *tap_url(const struct tap *tap);
void tap_close(struct tap *tap);

/* A listener whose backlog takes connections and that never answers. Returns its socket. */
int black_hole_open(int *ret_port);

#endif

/* booking_search.h: what staff look for when they type something: an id of ours or of Stripe's, a mail address, a name.
 * Source: design.md section 6. Pure. */
#ifndef BOOKING_SEARCH_H
#define BOOKING_SEARCH_H

#include <stdbool.h>

#define BOOKING_SEARCH_CHARACTERS_MAX 254

enum booking_search {
	BOOKING_SEARCH_ID,       /* digits: a booking */
	BOOKING_SEARCH_PAYMENT,  /* pi_... */
	BOOKING_SEARCH_CHECKOUT, /* cs_... */
	BOOKING_SEARCH_REFUND,   /* re_... or pyr_... */
	BOOKING_SEARCH_EMAIL,    /* whole, case does not matter */
	BOOKING_SEARCH_NAME, /* words, or parts of them, in any order; one of three letters, or two of a script without an alphabet */
};

/* Take out of what was typed or pasted what nobody sees: marks and controls of direction, soft hyphens, zero-width characters, and blanks
 * around it. Joiners inside stay: some names are spelt with them. */
void booking_search_strip(char *text);

/* text: stripped. False: too short for a name, or too long for anything. */
bool booking_search_decode(const char *text, enum booking_search *ret_search);

/* A name's words, of which any may stand first in the name: the one that tells most, then the others, a blank between two. ret_words: room
 * for text. */
void booking_search_words(const char *text, char *ret_words);

#endif

/* bidi.h: a name or a title inside a sentence of another direction (Unicode's bidirectional algorithm, UAX 9). Pure. */
#ifndef BIDI_H
#define BIDI_H

#include <stdbool.h>
#include <stddef.h>

#define BIDI_FSI "\xe2\x81\xa8" /* from here on as the first strong character reads ... */
#define BIDI_PDI "\xe2\x81\xa9" /* ... until here; what stands around is not touched */

/* Does this UTF-8 hold characters that are written from right to left, or marks of direction? Left alone it could turn its neighbours. */
bool bidi_disturbs(const char *text);

/* Bytes of the embedding, override or isolate that stands at text; 0: it is something else. Nobody's name needs one, and an unmatched one
 * would end the isolation around it. */
size_t bidi_control_len(const char *text);

#endif

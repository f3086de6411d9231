#include "bidi.h"

#include <stdint.h>

#include "str.h"

bool bidi_disturbs(const char *text)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x0590, 0x08ff}, /* Hebrew, Arabic, Syriac, Thaana, N'Ko and their like */
		{0x200e, 0x200f}, /* marks */
		{0x202a, 0x202e}, /* embeddings and overrides */
		{0x2066, 0x2069}, /* isolates */
		{0xfb1d, 0xfdff},   {0xfe70, 0xfefc}, /* presentation forms */
		{0x10800, 0x10fff}, {0x1e800, 0x1efff},
	};
	while (*text) {
		uint32_t c = str_take_char(&text);

		for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
			if (c >= ranges[i].first && c <= ranges[i].last)
				return true;
	}
	return false;
}

size_t bidi_control_len(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	bool is_control = at[0] == 0xe2
			  && ((at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae)
			      || (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));

	return is_control ? 3 : 0;
}

#include "sender.h"

#include <string.h>

#include "mail.h"
#include "str.h"

bool sender_read(const char *from, struct sender *ret_sender)
{
	const char *open = strrchr(from, '<');
	size_t name_len = open ? (size_t)(open - from) : 0;
	struct sender sender = {0};

	while (name_len > 0 && from[name_len - 1] == ' ')
		name_len--;
	if (name_len >= sizeof sender.name
	    || !str_copy(sender.address, sizeof sender.address, open ? open + 1 : from))
		return false;
	memcpy(sender.name, from, name_len);
	if (open) {
		char *close = strchr(sender.address, '>');

		if (!close || close[1])
			return false;
		*close = '\0';
	}
	*ret_sender = sender;
	return mail_address_is_valid(sender.address);
}

enum err_kind sender_check(const char *from, struct err *err)
{
	struct sender sender;

	return sender_read(from, &sender)
		       ? ERR_OK
		       : err_set(err, ERR_REJECT, "mail_from", "must be an address or \"Name <address>\"");
}

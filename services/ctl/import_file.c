#include "import_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

enum err_kind import_file_open(const char *path, const char *what, struct import_file *ret_file,
			       struct err *err)
{
	struct stat found;

	ret_file->path = path;
	ret_file->size_bytes = ret_file->taken_bytes = ret_file->number = 0;
	ret_file->progress = (struct progress){0};
	ret_file->stream = fopen(path, "re");
	if (!ret_file->stream || fstat(fileno(ret_file->stream), &found))
		return err_set(err, ERR_REJECT, "no_file", "cannot read %.100s: %s", path, strerror(errno));
	if (S_ISREG(found.st_mode))
		ret_file->size_bytes = found.st_size;
	progress_start(&ret_file->progress, what, ret_file->size_bytes);
	return ERR_OK;
}

void import_file_close(struct import_file *file)
{
	progress_clear(&file->progress);
	if (file->stream)
		fclose(file->stream);
	file->stream = NULL;
}

/* One line into file->bytes, cut when it is too long. False: there is none. */
static bool read_line(struct import_file *file)
{
	bool any = false;
	int byte;

	file->len = 0;
	while ((byte = getc_unlocked(file->stream)) != EOF) {
		any = true;
		file->taken_bytes++;
		if (byte == '\n')
			break;
		if (file->len < sizeof(file->bytes) - 1)
			file->bytes[file->len++] = (char)byte;
	}
	file->bytes[file->len] = '\0';
	return any;
}

static bool is_blank(const struct import_file *file)
{
	return strspn(file->bytes, " \t\r") == file->len;
}

enum err_kind import_file_next(struct import_file *file, bool *ret_more, struct err *err)
{
	const size_t mark = sizeof(BYTE_ORDER_MARK) - 1;
	bool more;

	do {
		more = read_line(file);
		file->number += more;
		if (file->number == 1 && file->len >= mark && !memcmp(file->bytes, BYTE_ORDER_MARK, mark)) {
			file->len -= mark;
			memmove(file->bytes, file->bytes + mark, file->len + 1);
		}
	} while (more && is_blank(file));
	if (ferror(file->stream))
		return err_set(err, ERR_RETRY, "file_read", "cannot read %.100s: %s", file->path,
			       strerror(errno));
	progress_move(&file->progress, file->size_bytes ? file->taken_bytes : file->number);
	*ret_more = more;
	return ERR_OK;
}

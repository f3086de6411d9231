#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err_kind fail(const struct new_file *file, const char *what, struct err *err)
{
	return err_set(err, ERR_REJECT, "file_write", "cannot %s %.100s: %s", what, file->path,
		       strerror(errno));
}

/* As others make files: mkstemp lets nobody else read. */
static int open_to_others(int fd)
{
	mode_t mask = umask(077);

	(void)umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

enum err_kind new_file_open(const char *path, struct new_file *ret_file, struct err *err)
{
	struct new_file file = {.path = path};
	struct stat there;
	int fd;

	errno = EEXIST;
	if (!lstat(path, &there))
		return fail(&file, "make", err);
	errno = ENAMETOOLONG;
	if (snprintf(file.temporary, sizeof file.temporary, "%s.XXXXXX", path) >= (int)sizeof file.temporary)
		return fail(&file, "make", err);
	fd = mkostemp(file.temporary, O_CLOEXEC);
	if (fd < 0)
		return fail(&file, "make", err);
	if (open_to_others(fd) || !(file.stream = fdopen(fd, "w"))) {
		(void)fail(&file, "make", err);
		close(fd);
		unlink(file.temporary);
		return err->kind;
	}
	*ret_file = file;
	return ERR_OK;
}

/* A link, as it takes no name that is there, which a rename does. */
enum err_kind new_file_keep(struct new_file *file, struct err *err)
{
	if (fflush(file->stream) || ferror(file->stream) || fsync(fileno(file->stream)))
		return fail(file, "write", err);
	return link(file->temporary, file->path) ? fail(file, "make", err) : ERR_OK;
}

void new_file_close(struct new_file *file)
{
	if (!file->stream)
		return;
	fclose(file->stream);
	file->stream = NULL;
	unlink(file->temporary);
}

/* capture.h: what a test writes to one of its file descriptors, as text. Criterion runs each test in its own process. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct capture {
	int target_fd;
	int saved_fd;
	int file_fd;
};

static inline struct capture capture_start(int target_fd)
{
	struct capture capture = {target_fd, dup(target_fd), memfd_create("capture", MFD_CLOEXEC)};

	fflush(NULL);
	dup2(capture.file_fd, target_fd);
	return capture;
}

/* The caller frees the text. */
static inline char *capture_end(struct capture capture)
{
	off_t len;
	char *text;

	fflush(NULL);
	dup2(capture.saved_fd, capture.target_fd);
	close(capture.saved_fd);
	len = lseek(capture.file_fd, 0, SEEK_END);
	text = calloc(1, (size_t)len + 1);
	if (!text || pread(capture.file_fd, text, (size_t)len, 0) != len)
		abort();
	close(capture.file_fd);
	return text;
}

#endif

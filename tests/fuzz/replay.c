/* replay.c: run a fuzz target over files and directories, without a fuzzer.
 * A crash or a sanitizer report is the failure; the number of inputs is printed. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	/* Exactly as large as the input, so that a read past its end is seen. */
	uint8_t *bytes;
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || size > (long)INPUT_BYTES_MAX) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		exit(2);
	}
	rewind(f);
	bytes = malloc(size ? (size_t)size : 1);
	if (!bytes || fread(bytes, 1, (size_t)size, f) != (size_t)size) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		exit(2);
	}
	fclose(f);
	LLVMFuzzerTestOneInput(bytes, (size_t)size);
	free(bytes);
	return 1;
}

static int replay_path(const char *path)
{
	struct dirent *entry;
	struct stat st;
	int inputs = 0;
	DIR *dir;

	if (stat(path, &st)) {
		fprintf(stderr, "replay: no %s\n", path);
		exit(2);
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char child[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
		inputs += replay_path(child);
	}
	if (dir)
		closedir(dir);
	return inputs;
}

int main(int argc, char **argv)
{
	int inputs = 0;

	for (int i = 1; i < argc; i++)
		inputs += replay_path(argv[i]);
	printf("%d inputs replayed\n", inputs);
	return inputs ? 0 : 2;
}

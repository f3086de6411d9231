/* jwks.c: the key file of an issuer that signs with a shared secret (HS256, HS512: what ASP.NET samples do). The secret never
 * stands in the arguments, where every process could read it, and is wiped when it has been written. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "err.h"
#include "str.h"

#define SECRET_BYTES_MAX 4096
#define SECRET_HS256_MIN 32
#define SECRET_HS512_MIN 64
#define KID_BYTES_MAX    128
#define COMMAND          "unbookctl jwks"
#define JWKS_BYTES_MAX   (2 * SECRET_BYTES_MAX)
#define SECRET_FILE_MODE 0600

struct order {
	const char *path; /* NULL: stdin */
	const char *out;  /* NULL: stdout */
	const char *alg;
	const char *kid; /* NULL: none, which fits tokens with any kid */
};

struct secret {
	unsigned char bytes[SECRET_BYTES_MAX + 2];
	size_t len;
};

static int usage(void)
{
	fputs("usage: unbookctl jwks from-secret [--file <file>] [--alg HS256|HS512] [--kid <id>] [--out <file>]\n\n"
	      "Makes the key file that UNBOOK_JWKS_FILE names out of the secret that an issuer signs its tokens with.\n"
	      "The secret is read from the file or from stdin, never from the arguments; one newline at its end is cut.\n\n"
	      "  --file <file>         where the secret stands; default: stdin\n"
	      "  --alg HS256|HS512     what the issuer signs with; default HS256. The secret must have at least 32 bytes\n"
	      "                        for HS256 and 64 for HS512\n"
	      "  --kid <id>            the kid that the tokens carry; default: none, which fits a token with any kid\n"
	      "  --out <file>          replaced whole, readable by its owner only; default: stdout\n\n"
	      "The key file holds the secret: keep it as you keep the secret.\n",
	      stdout);
	return 0;
}

static enum err_kind read_secret(const char *path, struct secret *ret_secret, struct err *err)
{
	const char *name = path ? path : "stdin";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	ssize_t got = 1;

	if (fd < 0)
		return err_set(err, ERR_REJECT, "unreadable", "cannot read %s: %m", name);
	while (got > 0 && ret_secret->len < sizeof(ret_secret->bytes)) {
		got = read(fd, ret_secret->bytes + ret_secret->len,
			   sizeof(ret_secret->bytes) - ret_secret->len);
		if (got > 0)
			ret_secret->len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		err_fill(err, ERR_REJECT, "unreadable", "cannot read %s: %m", name);
	if (path)
		close(fd);
	if (got < 0)
		return ERR_REJECT;
	if (ret_secret->len && ret_secret->bytes[ret_secret->len - 1] == '\n')
		ret_secret->len--;
	if (ret_secret->len && ret_secret->bytes[ret_secret->len - 1] == '\r')
		ret_secret->len--;
	if (ret_secret->len > SECRET_BYTES_MAX)
		return err_set(err, ERR_REJECT, "too_long", "%s holds more than %d bytes", name,
			       SECRET_BYTES_MAX);
	return ERR_OK;
}

/* RFC 4648 section 5, without padding (RFC 7515 section 2). */
static void add_base64url(struct buf *json, const unsigned char *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned int group = (unsigned int)bytes[i] << 16;
		char out[4];

		if (left > 1)
			group |= (unsigned int)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		for (int k = 0; k < 4; k++)
			out[k] = digits[(group >> (18 - 6 * k)) & 63];
		buf_add_bytes(json, out, left > 2 ? 4 : left + 1);
		explicit_bzero(out, sizeof(out));
	}
}

static void encode(const struct order *order, const struct secret *secret, struct buf *json)
{
	buf_add(json, "{\"keys\":[{\"kty\":\"oct\",\"use\":\"sig\",\"alg\":\"");
	buf_add(json, order->alg);
	if (order->kid) {
		buf_add(json, "\",\"kid\":\"");
		buf_add_json(json, order->kid);
	}
	buf_add(json, "\",\"k\":\"");
	add_base64url(json, secret->bytes, secret->len);
	buf_add(json, "\"}]}\n");
}

static bool write_whole(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t put = write(fd, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		data += put;
		len -= (size_t)put;
	}
	return true;
}

/* Whoever reads the file meanwhile sees the old one or the new one, never a part. */
static enum err_kind replace_file(const char *path, const struct buf *json, struct err *err)
{
	char draft[PATH_MAX];
	bool written;
	int fd;

	if (snprintf(draft, sizeof(draft), "%s.XXXXXX", path) >= (int)sizeof(draft))
		return err_set(err, ERR_REJECT, "unwritable", "the path is too long");
	fd = mkostemp(draft, O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_REJECT, "unwritable", "cannot write beside %s: %m", path);
	written = !fchmod(fd, SECRET_FILE_MODE) && write_whole(fd, json->data, json->len) && !fsync(fd);
	if (close(fd) || !written || rename(draft, path)) {
		err_fill(err, ERR_REJECT, "unwritable", "cannot write %s: %m", path);
		unlink(draft);
		return ERR_REJECT;
	}
	return ERR_OK;
}

static enum err_kind from_secret(const struct order *order, struct secret *secret, struct err *err)
{
	size_t min = str_eq(order->alg, "HS512") ? SECRET_HS512_MIN : SECRET_HS256_MIN;
	enum err_kind kind = read_secret(order->path, secret, err);
	struct buf json;

	if (kind)
		return kind;
	if (secret->len < min)
		return err_set(err, ERR_REJECT, "too_short",
			       "the secret has %zu bytes, %s needs at least %zu", secret->len, order->alg,
			       min);
	buf_init(&json, JWKS_BYTES_MAX);
	encode(order, secret, &json);
	if (json.failed)
		kind = err_set(err, ERR_FATAL, "no_memory", "out of memory");
	else if (order->out)
		kind = replace_file(order->out, &json, err);
	else if (!write_whole(STDOUT_FILENO, json.data, json.len))
		kind = err_set(err, ERR_REJECT, "unwritable", "cannot write to stdout: %m");
	explicit_bzero(json.data, json.len);
	buf_release(&json);
	return kind;
}

/* 0, or the exit code after it was said what is wrong. */
static int read_order(int argc, char **argv, struct order *order)
{
	static const struct option options[] = {
		{"file", required_argument, NULL, 'f'},
		{"alg", required_argument, NULL, 'a'},
		{"kid", required_argument, NULL, 'k'},
		{"out", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'f')
			order->path = str_eq(optarg, "-") ? NULL : optarg;
		else if (option == 'a')
			order->alg = optarg;
		else if (option == 'k')
			order->kid = optarg;
		else if (option == 'o')
			order->out = optarg;
		else
			return ctl_see_help(COMMAND);
	}
	if (order->kid
	    && (!order->kid[0] || strlen(order->kid) > KID_BYTES_MAX || !str_is_printable(order->kid)))
		return ctl_wrong(COMMAND, NULL, "--kid must be printable ASCII characters, and not too many");
	if (!str_eq(order->alg, "HS256") && !str_eq(order->alg, "HS512"))
		return ctl_wrong(COMMAND, order->alg, "is no algorithm for a secret: HS256 or HS512");
	return ctl_takes_no_more(COMMAND, argc, argv, optind) ? 0 : EX_USAGE;
}

static int command(int argc, char **argv)
{
	struct order order = {.alg = "HS256"};
	struct secret secret = {0};
	struct err err = {0};
	int code = 0;

	if (ctl_wants_help(argc, argv))
		return usage();
	if (argc < 2 || !str_eq(argv[1], "from-secret"))
		return ctl_wrong(COMMAND, argc < 2 ? NULL : argv[1],
				 argc < 2 ? "say from-secret" : "is not from-secret");
	code = read_order(argc - 1, argv + 1, &order);
	if (code)
		return code;
	if (from_secret(&order, &secret, &err)) {
		fprintf(stderr, COMMAND ": %s (%s)\n", err.msg, err.code);
		code = EX_SOFTWARE;
	}
	explicit_bzero(&secret, sizeof(secret));
	return code;
}

const struct ctl_command ctl_jwks = {"jwks", "the key file of an issuer that signs with a secret", command};

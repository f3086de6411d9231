#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <jose/jws.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key_set.h"

#define FILE_BYTES_MAX (1024 * 1024)

struct keys {
	char *path;           /* NULL: they come by keys_replace */
	pthread_mutex_t lock; /* guards set, its refs, and seen */
	struct key_set *set;  /* NULL: none yet */
	struct stat seen;     /* of the file that set was read from */
	char *replaced_by;    /* the bytes of the last keys_replace; its caller's alone */
};

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size
	       && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The whole file, NUL-terminated, the caller's; *ret_stat is what was read. */
static enum err_kind read_file(const char *path, char **ret_bytes, size_t *ret_len, struct stat *ret_stat,
			       struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *bytes = NULL;
	ssize_t len = -1;

	if (fd >= 0 && fstat(fd, ret_stat) == 0 && S_ISREG(ret_stat->st_mode)
	    && ret_stat->st_size <= FILE_BYTES_MAX)
		bytes = calloc(1, (size_t)ret_stat->st_size + 1);
	if (bytes)
		len = read(fd, bytes, (size_t)ret_stat->st_size);
	if (fd >= 0)
		close(fd);
	if (len < 0) {
		free(bytes);
		err_set(err, ERR_FATAL, "keys_file", "cannot read %s: %s", path,
			errno ? strerror(errno) : "no regular file of at most 1 MiB");
		return ERR_FATAL;
	}
	*ret_bytes = bytes;
	*ret_len = (size_t)len;
	return ERR_OK;
}

static enum err_kind load(const char *path, struct key_set **ret_set, struct stat *ret_stat, struct err *err)
{
	enum err_kind kind;
	char *bytes = NULL;
	size_t len = 0;

	errno = 0;
	kind = read_file(path, &bytes, &len, ret_stat, err);
	if (kind)
		return kind;
	kind = key_set_decode(bytes, len, ret_set, err);
	explicit_bzero(bytes, len); /* may hold a shared secret */
	free(bytes);
	return kind ? err_while(err, "%s", path) : ERR_OK;
}

enum err_kind keys_open_empty(struct keys **ret_keys, struct err *err)
{
	struct keys *keys = calloc(1, sizeof *keys);

	if (!keys)
		return err_set(err, ERR_FATAL, "memory", "no memory for keys");
	json_object_seed(0); /* once, before threads build tables */
	pthread_mutex_init(&keys->lock, NULL);
	*ret_keys = keys;
	return ERR_OK;
}

enum err_kind keys_open(const char *path, struct keys **ret_keys, struct err *err)
{
	struct keys *keys = NULL;
	enum err_kind kind = keys_open_empty(&keys, err);

	if (!kind && !(keys->path = strdup(path)))
		kind = err_set(err, ERR_FATAL, "memory", "no memory for keys");
	if (!kind)
		kind = load(path, &keys->set, &keys->seen, err);
	if (kind) {
		keys_close(keys);
		return kind;
	}
	keys->set->refs = 1;
	*ret_keys = keys;
	return ERR_OK;
}

void keys_close(struct keys *keys)
{
	if (!keys)
		return;
	key_set_free(keys->set);
	pthread_mutex_destroy(&keys->lock);
	free(keys->path);
	free(keys->replaced_by);
	free(keys);
}

/* NULL: there is none yet. */
static struct key_set *take_set(struct keys *keys)
{
	struct key_set *set;

	pthread_mutex_lock(&keys->lock);
	set = keys->set;
	if (set)
		set->refs++;
	pthread_mutex_unlock(&keys->lock);
	return set;
}

static void give_set(struct keys *keys, struct key_set *set)
{
	bool last;

	if (!set)
		return;
	pthread_mutex_lock(&keys->lock);
	last = --set->refs == 0;
	pthread_mutex_unlock(&keys->lock);
	if (last)
		key_set_free(set);
}

/* seen NULL: it is of no file. */
static void put_set(struct keys *keys, struct key_set *fresh, const struct stat *seen)
{
	struct key_set *old;

	fresh->refs = 1;
	pthread_mutex_lock(&keys->lock);
	old = keys->set;
	keys->set = fresh;
	if (seen)
		keys->seen = *seen;
	pthread_mutex_unlock(&keys->lock);
	give_set(keys, old);
}

enum err_kind keys_refresh(struct keys *keys, bool *ret_changed, struct err *err)
{
	struct key_set *fresh = NULL;
	enum err_kind kind;
	struct stat now;
	bool same;

	*ret_changed = false;
	if (stat(keys->path, &now))
		return err_set(err, ERR_FATAL, "keys_file", "cannot read %s: %s", keys->path,
			       strerror(errno));
	pthread_mutex_lock(&keys->lock);
	same = same_file(&now, &keys->seen);
	pthread_mutex_unlock(&keys->lock);
	if (same)
		return ERR_OK;
	kind = load(keys->path, &fresh, &now, err);
	if (kind)
		return kind;
	put_set(keys, fresh, &now);
	*ret_changed = true;
	return ERR_OK;
}

enum err_kind keys_replace(struct keys *keys, const char *bytes, size_t len, bool *ret_changed,
			   struct err *err)
{
	struct key_set *fresh = NULL;
	char *copy;

	*ret_changed = false;
	if (keys->replaced_by && strlen(keys->replaced_by) == len
	    && memcmp(keys->replaced_by, bytes, len) == 0)
		return ERR_OK;
	if (key_set_decode(bytes, len, &fresh, err))
		return err->kind;
	if (key_set_has_secret(fresh)) {
		key_set_free(fresh);
		return err_set(err, ERR_FATAL, "keys_secret", "it holds a shared secret");
	}
	copy = strndup(bytes, len);
	if (!copy) {
		key_set_free(fresh);
		return err_set(err, ERR_FATAL, "memory", "no memory for keys");
	}
	free(keys->replaced_by);
	keys->replaced_by = copy;
	put_set(keys, fresh, NULL);
	*ret_changed = true;
	return ERR_OK;
}

static bool verifies(const struct key *key, json_t *jws)
{
	return jose_jws_ver(NULL, jws, NULL, key->jwk, false);
}

static bool fits(const struct key *key, const struct token *token, bool by_kid)
{
	if (key->alg != token->alg)
		return false;
	if (!token->kid)
		return true;
	return by_kid ? key->kid && strcmp(key->kid, token->kid) == 0 : key->kid == NULL;
}

/* Number of keys tried; *ret_good when one of them verifies. */
static int try_keys(const struct key_set *set, const struct token *token, json_t *jws, bool by_kid,
		    bool *ret_good)
{
	int tried = 0;

	for (size_t i = 0; i < set->count && !*ret_good; i++)
		if (fits(&set->keys[i], token, by_kid)) {
			tried++;
			*ret_good = verifies(&set->keys[i], jws);
		}
	return tried;
}

/* Number of keys tried; *ret_good when the token is signed by one of them. */
static int verify_by(const struct key_set *set, const struct token *token, bool *ret_good)
{
	json_t *jws = json_pack("{s:s, s:s, s:s}", "protected", token->head, "payload", token->body,
				"signature", token->signature);
	int tried = 0;

	if (!jws)
		return 0;
	tried = try_keys(set, token, jws, true, ret_good);
	if (!tried && token->kid)
		tried = try_keys(set, token, jws, false, ret_good);
	json_decref(jws);
	return tried;
}

enum err_kind keys_verify(struct keys *keys, const struct token *token, struct err *err)
{
	struct key_set *set = take_set(keys);
	int tried = 0;
	bool good;

	if (!set)
		return err_set(err, ERR_RETRY, "keys_missing", "there are no keys yet");
	good = verified_has(set->verified, token);
	if (!good) {
		tried = verify_by(set, token, &good);
		if (good)
			verified_add(set->verified, token);
	}
	give_set(keys, set);
	if (good)
		return ERR_OK;
	return err_set(err, ERR_REJECT, tried ? "bad_signature" : "unknown_key", "%s",
		       tried ? "the signature is not of our issuer" : "no key fits this token");
}

int keys_count(struct keys *keys)
{
	struct key_set *set = take_set(keys);
	int count = set ? (int)set->count : 0;

	give_set(keys, set);
	return count;
}

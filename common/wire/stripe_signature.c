#include "stripe_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>

#include "str.h"

#define DIGEST_BYTES   32
#define SIGNATURES_MAX 16
#define STAMP_BYTES    24

struct parsed {
	char stamp[STAMP_BYTES]; /* as it was signed */
	int64_t at_s;
	unsigned char digests[SIGNATURES_MAX][DIGEST_BYTES];
	int count;
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A v1 that is not 64 lower-case hexadecimal digits, as Stripe writes them, matches nothing. */
static void add_digest(struct parsed *parsed, const char *text, size_t len)
{
	unsigned char digest[DIGEST_BYTES];

	if (len != (size_t)DIGEST_BYTES * 2 || parsed->count == SIGNATURES_MAX)
		return;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	memcpy(parsed->digests[parsed->count++], digest, DIGEST_BYTES);
}

static bool set_stamp(struct parsed *parsed, const char *text, size_t len)
{
	if (parsed->stamp[0] || len == 0 || len >= STAMP_BYTES)
		return false;
	memcpy(parsed->stamp, text, len);
	parsed->stamp[len] = '\0';
	return str_to_int64(parsed->stamp, &parsed->at_s) && parsed->at_s >= 0;
}

static bool parse(const char *header, struct parsed *ret)
{
	*ret = (struct parsed){0};
	if (!header || strlen(header) > STRIPE_SIGNATURE_HEADER_BYTES)
		return false;
	for (const char *part = header; *part;) {
		size_t len = strcspn(part, ",");

		if (len >= 2 && strncmp(part, "t=", 2) == 0) {
			if (!set_stamp(ret, part + 2, len - 2))
				return false;
		} else if (len >= 3 && strncmp(part, "v1=", 3) == 0) {
			add_digest(ret, part + 3, len - 3);
		}
		part += len;
		part += *part == ',';
	}
	return ret->stamp[0] && ret->count > 0;
}

/* HMAC-SHA256 of "<stamp>.<body>". False when the library refuses. */
static bool sign(const char *secret, const char *stamp, const struct stripe_signed *what,
		 unsigned char ret_digest[DIGEST_BYTES])
{
	EVP_PKEY *key =
		EVP_PKEY_new_mac_key(EVP_PKEY_HMAC, NULL, (const unsigned char *)secret, (int)strlen(secret));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t len = DIGEST_BYTES;
	bool signed_well = key && context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1
			   && EVP_DigestSignUpdate(context, stamp, strlen(stamp)) == 1
			   && EVP_DigestSignUpdate(context, ".", 1) == 1
			   && EVP_DigestSignUpdate(context, what->body, what->len) == 1
			   && EVP_DigestSignFinal(context, ret_digest, &len) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return signed_well;
}

static bool matches(const struct parsed *parsed, const struct stripe_signed *what, const char *secret)
{
	unsigned char digest[DIGEST_BYTES];
	bool found = false;

	if (!secret[0] || !sign(secret, parsed->stamp, what, digest))
		return false;
	for (int i = 0; i < parsed->count; i++)
		found |= CRYPTO_memcmp(digest, parsed->digests[i], DIGEST_BYTES) == 0;
	return found;
}

enum err_kind stripe_signature_verify(const struct stripe_signed *what, const char *const *secrets,
				      struct err *err)
{
	int64_t now_s = what->now.us / 1000000;
	struct parsed parsed;
	bool found = false;

	if (!parse(what->header, &parsed))
		return err_set(err, ERR_REJECT, "bad_signature_header", "no stamp with a v1 signature");
	for (int i = 0; secrets[i]; i++)
		found |= matches(&parsed, what, secrets[i]);
	if (!found)
		return err_set(err, ERR_REJECT, "wrong_signature", "signed with none of the secrets");
	if (parsed.at_s < now_s - STRIPE_SIGNATURE_TOLERANCE_S)
		return err_set(err, ERR_REJECT, "signature_too_old", "signed %lld s ago",
			       (long long)(now_s - parsed.at_s));
	if (parsed.at_s > now_s + STRIPE_SIGNATURE_TOLERANCE_S)
		return err_set(err, ERR_REJECT, "signature_in_future", "signed %lld s ahead",
			       (long long)(parsed.at_s - now_s));
	return ERR_OK;
}

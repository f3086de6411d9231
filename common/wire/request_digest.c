#include "request_digest.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

static bool add(EVP_MD_CTX *context, const void *bytes, size_t len)
{
	uint64_t head = len;

	return EVP_DigestUpdate(context, &head, sizeof head) == 1
	       && EVP_DigestUpdate(context, bytes, len) == 1;
}

static bool add_all(EVP_MD_CTX *context, const struct request_parts *parts)
{
	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1
	    || !add(context, parts->method, strlen(parts->method))
	    || !add(context, parts->route, strlen(parts->route)))
		return false;
	for (const char *const *param = parts->params; *param; param++)
		if (!add(context, *param, strlen(*param)))
			return false;
	return add(context, parts->query, strlen(parts->query))
	       && add(context, parts->content_type, strlen(parts->content_type))
	       && add(context, parts->body, parts->body_len);
}

bool request_digest(const struct request_parts *parts, unsigned char ret_sha256[REQUEST_DIGEST_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && add_all(context, parts) && EVP_DigestFinal_ex(context, ret_sha256, NULL) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

/* A header line, an empty line, a body. Nobody but who knows the secret gets in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stripe_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const secrets[] = {"whsec_test", NULL};
	static const char known[] =
		"t=1700000000,v1=4c15fb2a43f93ef61eaa3e0893866d57cad9cad4223242cfb96f362480cb4021";
	char *text = malloc(size + 1);
	char *body;
	enum err_kind kind;
	struct err err;

	memcpy(text, data, size);
	text[size] = '\0';
	body = strstr(text, "\n\n");
	if (body)
		*body = '\0';
	struct stripe_signed what = {
		.header = text,
		.body = body ? body + 2 : "",
		.len = body ? size - (size_t)(body + 2 - text) : 0,
		.now = {INT64_C(1700000000000000)},
	};
	kind = stripe_signature_verify(&what, secrets, &err);
	if (kind && (kind != ERR_REJECT || !err.code[0]))
		abort();
	if (!kind && !strstr(text, known + strlen("t=1700000000,")))
		abort(); /* forged */
	free(text);
	return 0;
}

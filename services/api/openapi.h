/* openapi.h: the contract, services/api/openapi.yaml, as JSON; packed into the program by cmake/openapi.py. */
#ifndef OPENAPI_H
#define OPENAPI_H

#include <stddef.h>

extern const char openapi_json[]; /* ends with a NUL that openapi_json_len does not count */
extern const size_t openapi_json_len;
extern const char openapi_etag[]; /* with its quotes; changes with the document */

#endif

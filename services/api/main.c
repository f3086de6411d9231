#include <stdio.h>

#include "api.h"
#include "service.h"

#define EXIT_CONFIG 78

int main(int argc, char **argv)
{
	struct api_settings settings = {0};
	struct api api = {.settings = &settings};
	struct err err = {0};
	int exit_code = conf_main(api_rows, api_row_count, &settings, argc, argv);

	/* Without a key every token would be good or none: either way a mistake in the settings. */
	if (exit_code < 0
	    && (settings.jwks_url ? keys_open_empty(&api.keys, &err)
				  : keys_open(settings.jwks_file, &api.keys, &err))) {
		fprintf(stderr, "UNBOOK_JWKS_FILE: %s\n", err.msg);
		exit_code = EXIT_CONFIG;
	}
	if (exit_code < 0 && webhook_secrets_init(&api.webhook_secrets, settings.webhook_secret, &err)) {
		fprintf(stderr, "UNBOOK_WEBHOOK_SECRET: %s\n", err.msg);
		exit_code = EXIT_CONFIG;
	}
	if (exit_code < 0)
		exit_code = service_main(&(struct service_options){
			.name = UNBOOK_SERVICE,
			.version = UNBOOK_VERSION,
			.settings = &settings.common,
			.rows = api_rows,
			.row_count = api_row_count,
			.run = api_run,
			.context = &api,
		});
	webhook_secrets_release(&api.webhook_secrets);
	keys_close(api.keys);
	conf_release(api_rows, api_row_count, &settings);
	return exit_code;
}

#include "admin.h"

#include "log.h"
#include "metrics.h"
#include "probe_server.h"
#include "service.h"

static void answer_health(struct probe_answer *answer, bool well, const char *text)
{
	if (!well)
		answer->http_status = 503;
	buf_addf(&answer->body, "%s\n", well ? "ok" : text);
}

static void answer(void *context, const char *path, struct probe_answer *answer)
{
	char text[256] = "";

	(void)context;
	if (str_eq(path, "/livez")) {
		answer_health(answer, service_is_alive(text, sizeof(text)), text);
	} else if (str_eq(path, "/readyz")) {
		answer_health(answer, service_is_ready(text, sizeof(text)), text);
	} else if (str_eq(path, "/metrics")) {
		answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
		metrics_expose(&answer->body);
		if (answer->body.failed)
			answer->http_status = 500;
	} else {
		answer->http_status = 404;
		buf_add(&answer->body, "there are /livez, /readyz and /metrics\n");
	}
}

enum err_kind admin_open(const char *address, struct probe_server **ret_server, struct err *err)
{
	enum err_kind kind = probe_server_open(address, answer, NULL, ret_server, err);

	if (kind)
		return err_while(err, "admin port");
	LOG(LOG_INFO, "listening", LOG_S("what", "admin"),
	    LOG_S("address", probe_server_address(*ret_server)));
	return ERR_OK;
}

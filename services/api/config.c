#include "api.h"
#include "http_url.h"
#include "origins.h"

#define ROW(row_name, row_type, member, ...)                                                             \
	{                                                                                                \
		.name = (row_name), .type = (row_type), .offset = offsetof(struct api_settings, member), \
		__VA_ARGS__                                                                              \
	}
#define INT_ROW(row_name, member, row_fallback, row_min, row_max, row_help)                           \
	SETTINGS_INT(row_name, offsetof(struct api_settings, member), row_fallback, row_min, row_max, \
		     row_help)

#define LIMIT_MAX 1000000

static enum err_kind check_keys(const char *path, struct err *err)
{
	struct keys *keys = NULL;
	enum err_kind kind = keys_open(path, &keys, err);

	keys_close(keys);
	return kind ? err_while(err, "cannot be used") : ERR_OK;
}

static enum err_kind check_webhook_secret(const char *text, struct err *err)
{
	struct webhook_secrets secrets = {0};
	enum err_kind kind = webhook_secrets_init(&secrets, text, err);

	webhook_secrets_release(&secrets);
	return kind ? err_while(err, "cannot be used") : ERR_OK;
}

const struct conf_row api_rows[] = {
	COMMON_ROWS(struct api_settings, common),
	STRIPE_ROWS(struct api_settings, stripe),
	ROW("UNBOOK_REDIS_URL", CONF_URL, redis_url, .fallback = "", .choices = "redis", .secret = true,
	    .help = "Where answers and limits are remembered for all processes; without it each process keeps its own"),
	ROW("UNBOOK_WEBHOOK_SECRET", CONF_TEXT, webhook_secret, .secret = true, .check = check_webhook_secret,
	    .help = "What Stripe signs webhooks with: whsec_..., or old and new with a comma while it is rolled"),
	ROW("UNBOOK_LISTEN", CONF_ADDRESS, listen, .fallback = "127.0.0.1:0",
	    .help = "host:port of the API; port 0: any free, it is logged"),
	ROW("UNBOOK_JWKS_FILE", CONF_FILE, jwks_file, .fallback = "", .either = "UNBOOK_JWKS_URL",
	    .check = check_keys, .help = "Keys of the issuer of tokens, a JWKS; read again when it changes"),
	ROW("UNBOOK_JWKS_URL", CONF_URL, jwks_url, .fallback = "", .choices = "https http",
	    .check = http_url_check,
	    .help = "Instead of the file: where the issuer publishes its keys; plain http is for loopback addresses only"),
	INT_ROW("UNBOOK_JWKS_REFRESH_MS", jwks_refresh_ms, "300000", 100, 86400000,
		"The keys at the URL are fetched every so many ms"),
	INT_ROW("UNBOOK_JWKS_AGAIN_MS", jwks_again_ms, "30000", 100, 86400000,
		"A token with a key that is not known has them fetched at once, but not sooner than so many ms after the last time"),
	ROW("UNBOOK_JWT_ISSUER", CONF_TEXT, jwt_issuer, .fallback = "",
	    .help = "Only tokens with this iss; empty: any"),
	ROW("UNBOOK_JWT_AUDIENCE", CONF_TEXT, jwt_audience, .fallback = "",
	    .help = "Only tokens with this aud; empty: any"),
	INT_ROW("UNBOOK_JWT_MAX_AGE_S", jwt_max_age_s, "604800", 60, 31536000,
		"A token may expire at most so many seconds ahead"),
	ROW("UNBOOK_CORS_ORIGINS", CONF_TEXT, cors_origins, .fallback = "", .check = origins_check,
	    .help = "Origins of pages that may call, comma separated: https://app.example.com"),
	ROW("UNBOOK_FRONTEND_URL", CONF_URL, frontend_url, .choices = "http https",
	    .help = "Where Stripe sends people back to"),
	ROW("UNBOOK_LOGIN_URL", CONF_URL, login_url, .fallback = "", .choices = "http https",
	    .help = "Where people sign in; it leads back to a page with #token=... (empty: the page says it in words)"),
	MEETING_ROW(struct api_settings, meeting_url_template),
	INT_ROW("UNBOOK_HOLD_S", hold_s, "2100", 1860, 86400,
		"An unpaid booking keeps its slot for so many seconds; Stripe demands 30 minutes from its own clock"),
	INT_ROW("UNBOOK_FAST_THREADS", fast_threads, "8", 1, 256,
		"Requests at work that need the database only; each may hold a connection"),
	INT_ROW("UNBOOK_STRIPE_THREADS", stripe_threads, "8", 1, 256, "Requests at work that call Stripe"),
	INT_ROW("UNBOOK_TEACHER_NOTICE_S", teacher_notice_s, "-1", -1, 31536000,
		"A shorter notice for teachers' cancels, in seconds; -1: the booking's own"),
	INT_ROW("UNBOOK_WEBHOOK_THREADS", webhook_threads, "2", 1, 256, "Stripe's webhooks at work"),
	INT_ROW("UNBOOK_IP_CONNECTIONS", per_address_connections, "64", 0, 65535,
		"Connections of one address (an IPv6 /64) that is no trusted proxy; 0: no limit"),
	ROW("UNBOOK_TRUSTED_PROXIES", CONF_RANGES, trusted_proxies, .fallback = "",
	    .help = "Proxies of yours that say who asks; empty: none, and who connects is who asks"),
	ROW("UNBOOK_FORWARDED_HEADER", CONF_CHOICE, forwarded_header, .fallback = "X-Forwarded-For",
	    .choices = "X-Forwarded-For Forwarded",
	    .help = "The header in which the trusted proxies say it; the other one is not read"),
	INT_ROW("UNBOOK_LIMIT_ADDRESS", limit_address, "300", 0, LIMIT_MAX,
		"Requests a minute of one address (an IPv6 /64), pages and their files not counted; 0: no limit"),
	INT_ROW("UNBOOK_LIMIT_USER", limit_user, "60", 0, LIMIT_MAX,
		"Requests a minute of one user; 0: no limit"),
	INT_ROW("UNBOOK_LIMIT_BOOK", limit_book, "10", 0, LIMIT_MAX,
		"Bookings asked for a minute by one user; 0: no limit of their own"),
	INT_ROW("UNBOOK_LIMIT_PAYMENT", limit_payment, "0", 0, LIMIT_MAX,
		"Calls of confirm-payment and cancel-payment a minute by one user; 0: no limit of their own"),
	INT_ROW("UNBOOK_LIMIT_CANCEL", limit_cancel, "0", 0, LIMIT_MAX,
		"Cancels asked for a minute by one user; 0: no limit of their own"),
	INT_ROW("UNBOOK_LIMIT_WEBHOOK", limit_webhook, "6000", 0, LIMIT_MAX,
		"Webhooks a minute from one address; Stripe sends in bursts. 0: no limit"),
	INT_ROW("UNBOOK_REPLICAS", replicas, "1", 1, 1000,
		"How many processes share the limits while Redis is away"),
	INT_ROW("UNBOOK_HOLDS_MAX", holds_max, "3", 0, 1000,
		"Unpaid bookings that one parent may have at once; 0: no limit"),
	INT_ROW("UNBOOK_DOORBELL_MS", doorbell_ms, "15000", 0, 3600000,
		"A fresh row is left to the doorbell for so many ms before a worker's sweep takes it"),
};
const size_t api_row_count = sizeof(api_rows) / sizeof(api_rows[0]);

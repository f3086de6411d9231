#include "notifier.h"

#define ROW(row_name, row_type, member, ...)                                      \
	{                                                                         \
		.name = (row_name), .type = (row_type),                           \
		.offset = offsetof(struct notifier_settings, member), __VA_ARGS__ \
	}

static enum err_kind check_templates(const char *dir, struct err *err)
{
	static const struct compose_sender anybody = {"check@example.org", "", "https://example.org"};
	struct templates *templates = NULL;
	enum err_kind kind = templates_open(dir, &templates, err);

	if (!kind)
		kind = compose_check(templates, &anybody, err);
	templates_close(templates);
	return kind ? err_while(err, "cannot be used") : ERR_OK;
}

const struct conf_row notifier_rows[] = {
	COMMON_ROWS(struct notifier_settings, common),
	WORKER_ROWS(struct notifier_settings, worker),
	ROW("UNBOOK_SMTP_URL", CONF_URL, smtp_url, .choices = "smtp smtps", .secret = true,
	    .help = "Mail server: smtp://host:port or smtps://user:password@host:port; a path is our name in EHLO"),
	ROW("UNBOOK_SMTP_TLS", CONF_CHOICE, smtp_tls, .fallback = "require", .choices = "require none",
	    .help = "require: STARTTLS with a good certificate or nothing is sent; none: only for a server on this machine"),
	ROW("UNBOOK_SMTP_CA_FILE", CONF_FILE, smtp_ca_file, .fallback = "",
	    .help = "PEM file of whom to trust instead of the system's authorities"),
	ROW("UNBOOK_MAIL_FROM", CONF_TEXT, mail_from, .check = sender_check,
	    .help = "Whom mails come from: address or \"Name <address>\"; the domain also ends new Message-IDs"),
	ROW("UNBOOK_TEMPLATES_DIR", CONF_DIR, templates_dir, .fallback = "/usr/share/unbook/templates",
	    .check = check_templates, .help = "Folder of the mail texts, one folder per language"),
	ROW("UNBOOK_FRONTEND_URL", CONF_URL, frontend_url, .choices = "http https",
	    .help = "Where people see their bookings"),
	SETTINGS_INT("UNBOOK_SMTP_STEP_MS", offsetof(struct notifier_settings, smtp_step_ms), "60000", 100,
		     600000, "Longest silence of the mail server at a step, in ms"),
	SETTINGS_INT("UNBOOK_SMTP_FINAL_MS", offsetof(struct notifier_settings, smtp_final_ms), "600000", 100,
		     3600000,
		     "Longest wait for the reply to the final dot, in ms; the lease is renewed meanwhile"),
	SETTINGS_INT("UNBOOK_MAIL_UNKNOWN_MS", offsetof(struct notifier_settings, unknown_wait_ms), "900000",
		     100, 86400000, "Wait before a mail is sent again whose outcome stayed unknown, in ms"),
};
const size_t notifier_row_count = sizeof(notifier_rows) / sizeof(notifier_rows[0]);

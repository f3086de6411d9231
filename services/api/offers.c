/* offers.c: GET /api/Sessions/teachers/available */
#include <inttypes.h>

#include "answer.h"
#include "holds.h"
#include "session_json.h"

#define POOL_WAIT_MS 2000

static void encode(const struct offer *offer, struct buf *out)
{
	char price[MONEY_TEXT_BYTES];

	money_to_decimal(offer->price, price);
	buf_addf(out, "{\"offerId\":%" PRId64 ",\"teacherId\":%" PRId64 ",\"teacherName\":", offer->id,
		 offer->teacher_id);
	session_encode_text(offer->teacher_name, out);
	buf_add(out, ",\"title\":");
	session_encode_text(offer->title, out);
	buf_addf(out,
		 ",\"price\":%s,\"amountMinor\":%" PRId64 ",\"currency\":\"%s\",\"durationMinutes\":%" PRId64
		 ",\"cancelNoticeHours\":%" PRId64 ",\"cancelNoticeMinutes\":%" PRId64
		 ",\"minNoticeMinutes\":%" PRId64 "}",
		 price, offer->price.minor, offer->price.currency, offer->duration_s / 60,
		 offer->cancel_notice_s / 3600, (offer->cancel_notice_s + 59) / 60, offer->min_notice_s / 60);
}

void api_offers(void *context, struct http_request *request, struct http_response *response)
{
	struct api *api = context;
	struct holds_offers found;
	struct err err = {0};
	enum err_kind failed;
	struct pg *db;

	failed = pg_pool_take(api->db, POOL_WAIT_MS, &db, &err);
	if (!failed) {
		failed = holds_list_offers(db, request->arena, &found, &err);
		pg_pool_give(api->db, db);
	}
	if (failed) {
		answer_database_error(request, response, &err);
		return;
	}
	answer_open(response, "");
	buf_add(&response->body, "[");
	for (int i = 0; i < found.count; i++) {
		buf_add(&response->body, i ? "," : "");
		encode(&found.offers[i], &response->body);
	}
	buf_add(&response->body, "]");
	answer_close(response, found.count ? found.now : clock_system()->now(clock_system()));
}

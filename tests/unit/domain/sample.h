/* sample.h: one booking to start from, and points in time. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "booking.h"

#define PARENT_ID  11
#define STUDENT_ID 12
#define TEACHER_ID 13
#define SOMEBODY   14

#define US_PER_MS   ((int64_t)1000)
#define US_PER_S    ((int64_t)1000000)
#define US_PER_HOUR (3600 * US_PER_S)
#define HOUR_S      ((int64_t)3600)
#define DAY_S       ((int64_t)86400)

/* 2026-07-01T10:00:00Z */
#define SAMPLE_START_US ((int64_t)1782900000 * US_PER_S)

static inline struct instant before_start(int64_t us)
{
	return (struct instant){SAMPLE_START_US - us};
}

/* Confirmed, paid, 24 hours' notice. */
static inline struct booking sample_booking(void)
{
	return (struct booking){.id = 7,
				.parent_id = PARENT_ID,
				.student_id = STUDENT_ID,
				.teacher_id = TEACHER_ID,
				.title = "Algebra",
				.starts_at = {SAMPLE_START_US},
				.ends_at = {SAMPLE_START_US + US_PER_HOUR},
				.status = BOOKING_CONFIRMED,
				.price = {4500, "EUR"},
				.cancel_notice_s = DAY_S,
				.payment_intent = "pi_1"};
}

#endif

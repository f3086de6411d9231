#include "alarm.h"

#include "log.h"
#include "metrics.h"

static void count(const char *what)
{
	metric_add(METRIC(METRIC_COUNTER, "unbook_alarms_total", "Things that a person must look at.",
			  {"what", what}),
		   1);
}

void alarm_raise(const struct job *job, const char *what, const char *code)
{
	LOG(LOG_ERROR, "alarm", LOG_S("what", what), LOG_I("booking", job->booking_id),
	    LOG_S("about", job->label), LOG_S("code", code));
	count(what);
}

void alarm_raise_payment(const struct job *job, const char *what, const char *payment_intent,
			 const char *code)
{
	LOG(LOG_ERROR, "alarm", LOG_S("what", what), LOG_I("booking", job->booking_id),
	    LOG_S("about", job->label), LOG_S("payment", payment_intent), LOG_S("code", code));
	count(what);
}

/* alarm.h: a person must look. */
#ifndef ALARM_H
#define ALARM_H

#include "worker.h"

/* One ERROR line "alarm" and unbook_alarms_total{what}. what: a stable word with static storage; code: an id or code, never an address. */
void alarm_raise(const struct job *job, const char *what, const char *code);
/* The same about a payment: the line names its PaymentIntent too. */
void alarm_raise_payment(const struct job *job, const char *what, const char *payment_intent,
			 const char *code);

#endif

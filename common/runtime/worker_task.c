#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "str.h"
#include "worker_internal.h"

#define TASK_BYTES    (512u * 1024) /* for decoding, claiming and performing, beside the message itself */
#define HEADERS_BYTES (64u * 1024)

static void *copy(struct arena *arena, const void *bytes, size_t len)
{
	void *copied = bytes ? arena_alloc(arena, len + 1) : NULL;

	if (copied && len)
		memcpy(copied, bytes, len);
	return copied;
}

static bool copy_message(struct task *task, const struct kafka_message *from)
{
	struct kafka_message *to = &task->message;

	*to = *from;
	to->topic = arena_strdup(&task->arena, from->topic);
	to->key = copy(&task->arena, from->key, from->key_len);
	to->value = copy(&task->arena, from->value, from->value_len);
	for (int i = 0; i < from->header_count; i++) {
		to->headers[i].name = arena_strdup(&task->arena, from->headers[i].name);
		to->headers[i].value = copy(&task->arena, from->headers[i].value, from->headers[i].len);
		if (!to->headers[i].name || (from->headers[i].value && !to->headers[i].value))
			return false;
	}
	return to->topic && (!from->key || to->key) && (!from->value || to->value);
}

static size_t message_bytes(const struct kafka_message *message)
{
	size_t bytes = strlen(message->topic) + message->key_len + message->value_len;

	for (int i = 0; i < message->header_count; i++)
		bytes += strlen(message->headers[i].name) + message->headers[i].len;
	return bytes + sizeof(struct task);
}

static void decode(const struct worker *worker, struct task *task)
{
	struct event_header headers[KAFKA_HEADERS_MAX];
	struct event_record record = {.headers = headers, .header_count = (size_t)task->message.header_count};

	for (int i = 0; i < task->message.header_count; i++) {
		headers[i] = (struct event_header){.name = task->message.headers[i].name,
						   .value = task->message.headers[i].value,
						   .value_len = task->message.headers[i].len};
	}
	for (int i = 0; i < worker->topic_count; i++) {
		if (!str_eq(worker->topics[i].name, task->message.topic))
			continue;
		task->handler = worker->topics[i].handler;
		record.topic = worker->topics[i].bare;
	}
	record.value = task->message.value;
	record.value_len = task->message.value_len;
	task->decoded = event_decode(&record, &task->arena, &task->event, &task->why);
}

static void begin_trace(struct task *task, const char *parent)
{
	char *trace = arena_alloc(&task->arena, ID_TRACEPARENT_BYTES);

	if (trace)
		id_traceparent_child(parent, trace);
	task->job.traceparent = trace ? trace : "";
	task->job.arena = &task->arena;
	task->job.label = "";
}

struct task *task_of_message(const struct worker *worker, const struct kafka_message *message)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	arena_init(&task->arena, TASK_BYTES + 4 * message_bytes(message));
	task->is_message = true;
	task->handler = -1;
	if (!copy_message(task, message)) {
		task_free(task);
		return NULL;
	}
	decode(worker, task);
	begin_trace(task, task->decoded ? NULL : task->event.traceparent);
	task->job.booking_id = task->event.booking_id;
	return task;
}

struct task *task_of_sweep(int handler)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	arena_init(&task->arena, TASK_BYTES);
	task->handler = handler;
	begin_trace(task, NULL);
	return task;
}

void task_free(struct task *task)
{
	if (!task)
		return;
	arena_release(&task->arena);
	free(task);
}

const char *task_headers(struct task *task)
{
	const struct kafka_message *message = &task->message;
	const char *copied;
	struct buf json;

	buf_init(&json, HEADERS_BYTES);
	buf_add(&json, "{");
	for (int i = 0; i < message->header_count; i++) {
		buf_add(&json, i ? ",\"" : "\"");
		buf_add_json(&json, message->headers[i].name);
		buf_add(&json, "\":\"");
		if (message->headers[i].value) /* the copy has a NUL behind it */
			buf_add_json(&json, message->headers[i].value);
		buf_add(&json, "\"");
	}
	buf_add(&json, "}");
	copied = json.failed ? "{\"dropped\":\"too large\"}" : arena_strdup(&task->arena, json.data);
	buf_release(&json);
	return copied;
}

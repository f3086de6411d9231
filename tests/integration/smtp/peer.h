/* peer.h: an SMTP server of a few lines that does exactly what a test says, once. */
#ifndef PEER_H
#define PEER_H

#include <pthread.h>

/* What it answers; NULL: the usual. "" is silence until the client goes; "cut" closes. */
struct peer_script {
	const char *banner, *ehlo, *mail, *rcpt, *data, *dot, *quit;
	int cut_after_bytes; /* close after so many bytes of the message; 0: never */
};

struct peer {
	struct peer_script script;
	int listener;
	char url[64];
	char heard[4096]; /* the commands, each ended by '|' */
	pthread_t thread;
};

void peer_start(struct peer *peer, const struct peer_script *script);
/* Waits until the client has gone. */
void peer_stop(struct peer *peer);

#endif

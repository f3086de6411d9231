/* private_server.h: a redis-server of the test's own, to be stopped, started and frozen. */
#ifndef PRIVATE_SERVER_H
#define PRIVATE_SERVER_H

#include <sys/types.h>

struct private_server {
	int port;
	pid_t pid; /* 0: not running */
	char url[64];
};

/* A free port; nothing runs yet. */
void private_server_init(struct private_server *server);
/* Returns when it answers. */
void private_server_start(struct private_server *server);
void private_server_stop(struct private_server *server);

#endif

/*
 * `relay LISTEN-PORT TO-PORT MICROSECONDS`: a TCP relay on 127.0.0.1 that delivers every byte so much later, each
 * way, as a network between two nodes would. The kernel answers a connection's SYN at once, so the round trip that
 * it costs is made up for: what a client sends before that is over counts as sent then. It prints a line when it
 * listens.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_CHUNKS 64
#define CHUNK 16384

typedef long long nanoseconds;

static nanoseconds delay;
static struct sockaddr_in server;

struct chunk {
	nanoseconds due;
	/* Zero is the end of the stream. */
	ssize_t length;
	char bytes[CHUNK];
};

/* One direction: what has been read and is not due yet, in order. */
struct stream {
	int from, to;
	unsigned first, count;
	int is_read_to_end, is_written_to_end;
	/* What is read before counts as read then. */
	nanoseconds not_before;
	struct chunk chunks[MOST_CHUNKS];
};

static nanoseconds now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void receive(struct stream *stream)
{
	struct chunk *chunk = &stream->chunks[(stream->first + stream->count) % MOST_CHUNKS];
	nanoseconds arrived;

	chunk->length = read(stream->from, chunk->bytes, CHUNK);
	if (chunk->length < 0)
		chunk->length = 0;
	arrived = now();
	chunk->due = (arrived > stream->not_before ? arrived : stream->not_before) + delay;
	stream->is_read_to_end = chunk->length == 0;
	stream->count++;
}

static void deliver_due(struct stream *stream)
{
	while (stream->count && stream->chunks[stream->first].due <= now()) {
		struct chunk *chunk = &stream->chunks[stream->first];

		stream->first = (stream->first + 1) % MOST_CHUNKS;
		stream->count--;
		for (ssize_t sent = 0; sent < chunk->length;) {
			ssize_t more = send(stream->to, chunk->bytes + sent, chunk->length - sent, MSG_NOSIGNAL);

			if (more < 0) {
				stream->is_read_to_end = stream->is_written_to_end = 1;
				stream->count = 0;
				break;
			}
			sent += more;
		}
		if (chunk->length == 0) {
			shutdown(stream->to, SHUT_WR);
			stream->is_written_to_end = 1;
		}
	}
}

/* Whether there was something to wait for. */
static int wait_for_next(struct stream *streams)
{
	struct pollfd polled[2];
	struct timespec patience;
	nanoseconds due = INT64_MAX, left;

	for (int i = 0; i < 2; i++) {
		struct stream *stream = &streams[i];
		int can_read = !stream->is_read_to_end && stream->count < MOST_CHUNKS;

		polled[i] = (struct pollfd){can_read ? stream->from : -1, POLLIN, 0};
		if (stream->count && stream->chunks[stream->first].due < due)
			due = stream->chunks[stream->first].due;
	}
	left = due - now();
	if (left < 0)
		left = 0;
	patience = (struct timespec){left / 1000000000LL, left % 1000000000LL};
	if (ppoll(polled, 2, due == INT64_MAX ? NULL : &patience, NULL) < 0 && errno != EINTR)
		return 0;
	for (int i = 0; i < 2; i++)
		if (polled[i].fd >= 0 && polled[i].revents)
			receive(&streams[i]);
	return 1;
}

static void *serve(void *argument)
{
	nanoseconds accepted = now();
	int client = (int)(intptr_t)argument, one = 1;
	int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stream *streams = calloc(2, sizeof(*streams));

	/* A timer may otherwise be 50 microseconds late, for the sake of the battery. The setting is the thread's. */
	prctl(PR_SET_TIMERSLACK, 1);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(upstream, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (streams && connect(upstream, (struct sockaddr *)&server, sizeof(server)) == 0) {
		streams[0].from = streams[1].to = client;
		streams[0].to = streams[1].from = upstream;
		streams[0].not_before = accepted + 2 * delay;
		while (!streams[0].is_written_to_end || !streams[1].is_written_to_end) {
			if (!wait_for_next(streams))
				break;
			deliver_due(&streams[0]);
			deliver_due(&streams[1]);
		}
	}
	free(streams);
	close(upstream);
	close(client);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (argc != 4) {
		fputs("usage: relay LISTEN-PORT TO-PORT MICROSECONDS\n", stderr);
		return 2;
	}
	server = own;
	own.sin_port = htons(atoi(argv[1]));
	server.sin_port = htons(atoi(argv[2]));
	delay = atoll(argv[3]) * 1000;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(listener, 128) < 0) {
		perror("relay");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		pthread_t thread;

		if (client < 0)
			continue;
		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) == 0)
			pthread_detach(thread);
		else
			close(client);
	}
}

/*
 * `resolver NAME MICROSECONDS`: a DNS server on 127.0.0.1:53 that knows one name, which is 127.0.0.1, as a cluster's
 * DNS knows a Service: A has an answer, AAAA has none, any other name is NXDOMAIN. Each answer comes so much after its
 * question, which is the round trip to the server. It prints a line when it listens. Source: RFC 1035.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#define HEADER 12
#define LARGEST 512
#define MOST_WAITING 256
#define TYPE_A 1

typedef long long nanoseconds;

struct answer {
	nanoseconds due;
	struct sockaddr_in to;
	size_t length;
	unsigned char bytes[LARGEST + 16];
};

static struct answer waiting[MOST_WAITING];
static unsigned first, count;

static nanoseconds now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* The question's name with dots, and where it ends; 0 when it is malformed. */
static size_t read_name(const unsigned char *bytes, size_t length, char *name)
{
	size_t at = HEADER, written = 0;

	while (at < length && bytes[at] != 0) {
		size_t label = bytes[at++];

		if (label > 63 || at + label >= length)
			return 0;
		if (written)
			name[written++] = '.';
		memcpy(name + written, bytes + at, label);
		written += label;
		at += label;
	}
	name[written] = 0;
	return at + 1 + 4 <= length ? at + 1 : 0;
}

/* Turns a question into its answer, in place. Whether it was a question that can be answered. */
static int respond(struct answer *answer, const char *known)
{
	static const unsigned char address[] = {0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 5, 0, 4, 127, 0, 0, 1};
	unsigned char *bytes = answer->bytes;
	char name[LARGEST];
	size_t end = answer->length > HEADER ? read_name(bytes, answer->length, name) : 0;
	int is_known, has_answer;

	if (end == 0)
		return 0;
	is_known = strcasecmp(name, known) == 0;
	has_answer = is_known && bytes[end] == 0 && bytes[end + 1] == TYPE_A;
	/* A response, authoritative, recursion as desired and available; one question, no more than one answer. */
	bytes[2] = (unsigned char)(0x84 | (bytes[2] & 1));
	bytes[3] = is_known ? 0x80 : 0x83;
	memset(bytes + 6, 0, 6);
	bytes[7] = (unsigned char)has_answer;
	answer->length = end + 4;
	if (has_answer) {
		memcpy(bytes + answer->length, address, sizeof(address));
		answer->length += sizeof(address);
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in own = {
		.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 3) {
		fputs("usage: resolver NAME MICROSECONDS\n", stderr);
		return 2;
	}
	if (bind(server, (struct sockaddr *)&own, sizeof(own)) < 0) {
		perror("resolver");
		return 1;
	}
	/* A timer may otherwise be 50 microseconds late, for the sake of the battery. */
	prctl(PR_SET_TIMERSLACK, 1);
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct answer *head = &waiting[first];
		struct pollfd polled = {count < MOST_WAITING ? server : -1, POLLIN, 0};
		nanoseconds left = count ? head->due - now() : 0;
		struct timespec patience = {0, left > 0 ? left : 0};

		if (ppoll(&polled, 1, count ? &patience : NULL, NULL) < 0 && errno != EINTR)
			return 1;
		if (polled.revents & POLLIN) {
			struct answer *next = &waiting[(first + count) % MOST_WAITING];
			socklen_t size = sizeof(next->to);
			ssize_t length =
				recvfrom(server, next->bytes, LARGEST, 0, (struct sockaddr *)&next->to, &size);

			next->due = now() + atoll(argv[2]) * 1000;
			next->length = length > 0 ? (size_t)length : 0;
			if (respond(next, argv[1]))
				count++;
		}
		while (count && waiting[first].due <= now()) {
			head = &waiting[first];
			sendto(server, head->bytes, head->length, 0, (struct sockaddr *)&head->to, sizeof(head->to));
			first = (first + 1) % MOST_WAITING;
			count--;
		}
	}
}

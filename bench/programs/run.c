/*
 * Starts a program, waits for its end, and says on stdout how long that took in nanoseconds, the most memory that it
 * held in KiB (of itself or of a child that it waited for), and its exit code. What waits is small and does nothing
 * else, so that neither a runtime's own work nor its memory is in the figures.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t files;
	struct rusage usage;
	long long started, ended;
	int error, status;
	pid_t child;

	if (argc < 2) {
		fputs("usage: run PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	started = nanoseconds();
	error = posix_spawn(&child, argv[1], &files, NULL, argv + 1, environ);
	if (error) {
		fprintf(stderr, "cannot start %s: %s\n", argv[1], strerror(error));
		return 1;
	}
	if (wait4(child, &status, 0, &usage) != child) {
		perror("wait4");
		return 1;
	}
	ended = nanoseconds();
	printf("%lld %ld %d\n", ended - started, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

/*
 * Says when it got control and what the variables that are its arguments hold: a fingerprint, or that it is a
 * reference, which no program may ever see. It stays where its first argument is `stay`.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t fingerprint(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash;
}

int main(int count, char **arguments)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	printf("said at=%lld.%09ld", (long long)now.tv_sec, now.tv_nsec);
	/* The second argument is the Pod's name, by which its process is found. */
	for (int index = 3; index < count; index++) {
		const char *value = getenv(arguments[index]);

		if (!value)
			printf(" %s=unset", arguments[index]);
		else if (strstr(value, "piggy:"))
			printf(" %s=literal", arguments[index]);
		else
			printf(" %s=%016llx", arguments[index], (unsigned long long)fingerprint(value));
	}
	putchar('\n');
	fflush(stdout);
	while (count > 1 && strcmp(arguments[1], "stay") == 0)
		pause();
	return 0;
}

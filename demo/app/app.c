/*
 * The demo's application: it knows nothing of Piggy, of AWS or of Kubernetes. It prints when it got control, and
 * every variable of its environment whose name begins with TEST_.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

int main(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	printf("process=%d\n", (int)getpid());
	printf("first-instruction=%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
	for (char **variable = environ; *variable; variable++)
		if (strncmp(*variable, "TEST_", 5) == 0)
			puts(*variable);
	return 0;
}

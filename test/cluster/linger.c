/* Says what a variable of its environment holds, and stays until it is killed. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	const char *value = getenv("TEST_ENV");

	printf("TEST_ENV=%s\n", value ? value : "");
	fflush(stdout);
	for (;;)
		pause();
}

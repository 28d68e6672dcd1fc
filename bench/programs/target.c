/*
 * The program behind the injector: it ends at once, so that what is measured is how it came to start. Its arguments
 * that are NAME=VALUE are what it must find in its environment.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int is_there(const char *variable)
{
	for (char **each = environ; *each; each++)
		if (strcmp(*each, variable) == 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strchr(argv[i], '=') && !is_there(argv[i])) {
			fprintf(stderr, "the target was started without %s\n", argv[i]);
			return 1;
		}
	return 0;
}

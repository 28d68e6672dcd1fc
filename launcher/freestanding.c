#include "linux.h"

/* The compiler may call these for what the language lets it copy and clear. */
void *memcpy(void *to, const void *from, size count)
{
	char *out = to;
	const char *in = from;

	while (count--)
		*out++ = *in++;
	return to;
}

void *memset(void *to, int byte, size count)
{
	char *out = to;

	while (count--)
		*out++ = (char)byte;
	return to;
}

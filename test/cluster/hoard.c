/* Keeps as many MiB in /data as it is told to, and stays until it is killed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char piece[1 << 20];
	int left = argc > 1 ? atoi(argv[1]) : 0;
	int file = open("/data/hoard", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	memset(piece, 'x', sizeof piece);
	for (; file >= 0 && left > 0; left--)
		if (write(file, piece, sizeof piece) != sizeof piece)
			break;
	if (left > 0) {
		perror("/data/hoard");
		return 1;
	}
	puts("done");
	fflush(stdout);
	for (;;)
		pause();
}

/*
 * `enclosed RESOLV-CONF PROGRAM [ARGUMENT...]`: runs a program in a network and a mount namespace of its own: only
 * loopback, every port free, and the given file as /etc/resolv.conf, for whatever reads it. Exits with 77 when this
 * machine does not permit that, and says what it refused.
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOT_PERMITTED 77

static void require(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(NOT_PERMITTED);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	require(file && fputs(text, file) >= 0 && fclose(file) == 0 ? 0 : -1, path);
}

/* Root of its own user namespace may do the rest. Source: user_namespaces(7). */
static void become_root(void)
{
	uid_t user = getuid();
	gid_t group = getgid();
	char map[64];

	require(unshare(CLONE_NEWUSER), "a user namespace");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", user);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", group);
	write_file("/proc/self/gid_map", map);
}

static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	require(any, "a socket");
	require(ioctl(any, SIOCSIFFLAGS, &request), "loopback");
	close(any);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: enclosed RESOLV-CONF PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	if (geteuid() != 0)
		become_root();
	require(unshare(CLONE_NEWNET | CLONE_NEWNS), "a network and a mount namespace");
	require(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "a private mount namespace");
	require(mount(argv[1], "/etc/resolv.conf", NULL, MS_BIND, NULL), "/etc/resolv.conf");
	raise_loopback();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 1;
}

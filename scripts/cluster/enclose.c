/*
 * `enclose ADDRESS SERVICES/BITS PROGRAM [ARGUMENT...]`: runs a program, and all that it starts, in process, network and
 * mount namespaces of their own: loopback, which also has ADDRESS, and no way out. Packets for SERVICES, the addresses of
 * a cluster's Services, go to loopback as well, where they may be sent on to Pods. It all lives as long as the program,
 * and as the other end of the pipe that is its standard input: whoever holds it may be killed, and nothing of what was
 * started or mounted is left, nor what was written to /run, /var/lib and /var/log.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void require(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static void pass_on(int signal)
{
	kill(child, signal);
}

/* Starts a process that is told what this one is told. */
static pid_t begin(void)
{
	require(child = fork(), "a process");
	if (child != 0) {
		signal(SIGHUP, pass_on);
		signal(SIGINT, pass_on);
		signal(SIGTERM, pass_on);
	}
	return child;
}

static void wake(int signal)
{
	(void)signal;
}

/* Waits for the one that was begun, for everybody whose parent has gone, and for the end of the standard input. */
static int end_of_child(void)
{
	struct pollfd input = {.fd = STDIN_FILENO};
	sigset_t blocked, before;
	pid_t ended;
	int status;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGCHLD, wake);
	for (;;) {
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == child)
				return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (ppoll(&input, 1, NULL, &before) > 0)
			return 1;
	}
}

static struct in_addr parse_address(const char *text)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) == 1)
		return address;
	fprintf(stderr, "enclose: %s is no IPv4 address\n", text);
	exit(2);
}

/* An address of loopback's under a name of its own, without a network of its own. */
static void add_address(struct in_addr address)
{
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct sockaddr_in *value = (struct sockaddr_in *)&request.ifr_addr;

	require(any, "a socket");
	require(ioctl(any, SIOCSIFFLAGS, &request), "loopback");
	memset(&request, 0, sizeof(request));
	strcpy(request.ifr_name, "lo:1");
	value->sin_family = AF_INET;
	value->sin_addr = address;
	require(ioctl(any, SIOCSIFADDR, &request), "an address of loopback");
	value->sin_addr.s_addr = 0xffffffff;
	require(ioctl(any, SIOCSIFNETMASK, &request), "the netmask of loopback's address");
	close(any);
}

struct route_request {
	struct nlmsghdr header;
	struct rtmsg route;
	char attributes[64];
};

static void add_attribute(struct route_request *request, unsigned short type, const void *value)
{
	struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(4);
	memcpy(RTA_DATA(attribute), value, 4);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

/* By netlink, for only it can say which address such packets come from. Source: rtnetlink(7). */
static void add_route(struct in_addr network, unsigned char bits, struct in_addr from)
{
	struct route_request request = {
		.header = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			.nlmsg_type = RTM_NEWROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK,
		},
		.route = {
			.rtm_family = AF_INET,
			.rtm_dst_len = bits,
			.rtm_table = RT_TABLE_MAIN,
			.rtm_protocol = RTPROT_BOOT,
			.rtm_scope = RT_SCOPE_LINK,
			.rtm_type = RTN_UNICAST,
		},
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char echoed[128];
	} answer;
	unsigned int loopback = if_nametoindex("lo");
	int any = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	add_attribute(&request, RTA_DST, &network);
	add_attribute(&request, RTA_OIF, &loopback);
	add_attribute(&request, RTA_PREFSRC, &from);
	require(any, "a netlink socket");
	require((int)send(any, &request, request.header.nlmsg_len, 0), "a route");
	require((int)recv(any, &answer, sizeof(answer), 0), "a route");
	if (answer.header.nlmsg_type == NLMSG_ERROR && answer.error.error != 0) {
		fprintf(stderr, "a route: %s\n", strerror(-answer.error.error));
		exit(1);
	}
	close(any);
}

/* What programs of a node keep in one place for a whole machine. */
static const char *const folders[] = {"/run", "/var/lib", "/var/log"};

/* The mounts are nobody else's, but what is mounted by one program in here is seen by the others, as a node needs it. */
static void own_mounts(void)
{
	require(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "mounts of one's own");
	require(mount("none", "/", NULL, MS_REC | MS_SHARED, NULL), "mounts of one's own");
	require(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "/proc");
	for (size_t each = 0; each < sizeof(folders) / sizeof(*folders); each++)
		require(mount("tmpfs", folders[each], "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"), folders[each]);
	/* Beside the first version of control groups the second has no controllers, and confuses who finds it. */
	umount2("/sys/fs/cgroup/unified", MNT_DETACH);
}

int main(int argc, char **argv)
{
	char *bits = argc < 4 ? NULL : strchr(argv[2], '/');

	if (bits == NULL) {
		fputs("usage: enclose ADDRESS SERVICES/BITS PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	*bits++ = '\0';
	require(unshare(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS), "namespaces of one's own");
	if (begin() != 0)
		return end_of_child();
	own_mounts();
	add_address(parse_address(argv[1]));
	add_route(parse_address(argv[2]), (unsigned char)atoi(bits), parse_address(argv[1]));
	if (begin() != 0)
		return end_of_child();
	require(dup2(open("/dev/null", O_RDONLY), STDIN_FILENO), "/dev/null");
	execv(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}

/*
 * The kernel's interface, as far as it is needed. There is no C library: one linked in statically would take longer
 * to start than all that is done here.
 */
#ifndef LINUX_H
#define LINUX_H

typedef unsigned long size;
typedef long word;

#define STDERR 2
#define AT_FDCWD (-100)

/* Errors, as the kernel returns them. */
#define EPERM 1
#define ENOENT 2
#define E2BIG 7
#define ENOEXEC 8
#define ENOMEM 12
#define EACCES 13
#define EEXIST 17
#define ENOTDIR 20
#define EMFILE 24
#define ENOSPC 28
#define EROFS 30
#define ENAMETOOLONG 36
#define EDQUOT 122

#define O_RDONLY 0
#define O_WRONLY 1
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_CLOEXEC 02000000

#define F_GETFD 1

#define SEEK_END 2

#define PROT_READ 1
#define PROT_READ_WRITE 3
#define MAP_PRIVATE_POPULATE 0x8002
#define MAP_PRIVATE_ANONYMOUS 0x22

#define RLIMIT_STACK 3
#define RLIMIT_NOFILE 7
#define SIGNALS 64
#define SIG_IGN 1
#define SIG_BLOCK 0
#define SIGTRAP 5
#define SIGKILL 9
#define SIGCHLD 17
#define SIGSTOP 19

#define PTRACE_TRACEME 0
#define PTRACE_CONT 7
#define PTRACE_SETOPTIONS 0x4200
#define PTRACE_O_TRACEEXEC 0x10
#define PTRACE_O_EXITKILL 0x100000
#define PTRACE_EVENT_EXEC 4

struct rlimit64 {
	unsigned long soft, hard;
};

/* What getdents64 fills in, one behind the other. */
struct directory_entry {
	unsigned long inode, offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

struct timespec {
	long seconds, nanoseconds;
};

#if defined(__x86_64__)
enum {
	SYS_write = 1, SYS_close = 3, SYS_mmap = 9, SYS_munmap = 11, SYS_lseek = 8, SYS_pwrite64 = 18, SYS_rt_sigaction = 13, SYS_rt_sigprocmask = 14,
	SYS_execve = 59, SYS_exit_group = 231, SYS_fcntl = 72, SYS_clock_gettime = 228,
	SYS_openat = 257, SYS_mkdirat = 258, SYS_unlinkat = 263, SYS_readlinkat = 267, SYS_fchmod = 91, SYS_fchmodat = 268,
	SYS_dup3 = 292, SYS_prlimit64 = 302, SYS_renameat2 = 316, SYS_getpid = 39, SYS_getcwd = 79, SYS_getdents64 = 217,
	SYS_clone = 56, SYS_wait4 = 61, SYS_kill = 62, SYS_ptrace = 101
};

/* The kernel's struct sigaction has the handler first on both architectures. */
#define SIGACTION_WORDS 4

static inline word syscall6(word number, word a, word b, word c, word d, word e, word f)
{
	word result;
	register word r10 __asm__("r10") = d;
	register word r8 __asm__("r8") = e;
	register word r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* The kernel leaves argc, argv and envp on the stack, which the ABI wants aligned before a call. */
#define ENTRY                                                                                                          \
	__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall launch\n\thlt\n")

#elif defined(__aarch64__)
enum {
	SYS_write = 64, SYS_close = 57, SYS_mmap = 222, SYS_munmap = 215, SYS_lseek = 62, SYS_pwrite64 = 68, SYS_rt_sigaction = 134, SYS_rt_sigprocmask = 135,
	SYS_execve = 221, SYS_exit_group = 94, SYS_fcntl = 25, SYS_clock_gettime = 113,
	SYS_openat = 56, SYS_mkdirat = 34, SYS_unlinkat = 35, SYS_readlinkat = 78, SYS_fchmod = 52, SYS_fchmodat = 53,
	SYS_dup3 = 24, SYS_prlimit64 = 261, SYS_renameat2 = 276, SYS_getpid = 172, SYS_getcwd = 17, SYS_getdents64 = 61,
	SYS_clone = 220, SYS_wait4 = 260, SYS_kill = 129, SYS_ptrace = 117
};

#define SIGACTION_WORDS 4

static inline word syscall6(word number, word a, word b, word c, word d, word e, word f)
{
	register word x8 __asm__("x8") = number;
	register word x0 __asm__("x0") = a;
	register word x1 __asm__("x1") = b;
	register word x2 __asm__("x2") = c;
	register word x3 __asm__("x3") = d;
	register word x4 __asm__("x4") = e;
	register word x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

#define ENTRY __asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tbl launch\n\tbrk #0\n")

#else
#error "piggy-env is built for x86_64 and aarch64"
#endif

#define CALL(number, ...) CALL_(number, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(number, a, b, c, d, e, f, ...)                                                                           \
	syscall6(SYS_##number, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e), (word)(f))

#endif

/*
 * `piggy-env try FILE`: would the kernel execute it? What a kernel takes is nobody else's to say: a handler of
 * binfmt_misc, which a container cannot see, may run what is no program of this machine. So a child executes the
 * file under ptrace, which stops it before the first instruction, and is killed there. The injector asks this, before
 * it asks for a secret, about a file that looks as if it could not be run.
 */
#include "trial.h"
#include "linux.h"

/* No error of the kernel's: it could not be asked, as where ptrace is forbidden. */
#define UNDECIDED 255

/* Its threads' stops too. */
#define WAIT_ALL 0x40000000

__attribute__((noreturn)) static void end(word status)
{
	for (;;)
		CALL(exit_group, status);
}

/* Stops until the parent has seen to it that no instruction of the file is reached. */
__attribute__((noreturn)) static void execute(const char *file)
{
	const char *const argv[] = {file, 0};
	const char *const environment[] = {0};

	if (CALL(ptrace, PTRACE_TRACEME) < 0 || CALL(kill, CALL(getpid, 0), SIGSTOP) < 0)
		end(UNDECIDED);
	end(-CALL(execve, file, argv, environment));
}

static int status_of(word child)
{
	int status = 0;

	if (CALL(wait4, child, &status, WAIT_ALL, 0) != child)
		end(UNDECIDED);
	return status;
}

static int is_stopped(int status)
{
	return (status & 0xff) == 0x7f;
}

void try_to_execute(const char *file)
{
	word child = CALL(clone, SIGCHLD);
	int status;

	if (child == 0)
		execute(file);
	if (child < 0)
		end(UNDECIDED);
	status = status_of(child);
	if (!is_stopped(status))
		end(UNDECIDED);
	if (CALL(ptrace, PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) < 0 ||
	    CALL(ptrace, PTRACE_CONT, child) < 0) {
		CALL(kill, child, SIGKILL);
		end(UNDECIDED);
	}
	status = status_of(child);
	if (is_stopped(status)) {
		CALL(kill, child, SIGKILL);
		status_of(child);
		end(status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8) ? 0 : UNDECIDED);
	}
	/* One that a signal ended was past the point where execve could still fail. */
	end(status & 0x7f ? 0 : status >> 8);
}

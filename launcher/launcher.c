/*
 * piggy-env, the program that a container starts with. The injector behind it is a Bun program: it needs a loader and
 * libraries that the container may not have, and obeys variables that were meant for the application. This program
 * hides the variables, notes what Bun changes of the process, and becomes the injector. It does nothing that the
 * injector can do.
 */
#include "failure.h"
#include "install.h"
#include "linux.h"
#include "text.h"
#include "trial.h"

#define PATH_MAX 4096

/*
 * The injector's ELF header names this descriptor as its loader, so that the bundle runs from any folder, as any
 * user: the kernel opens the loader before it closes what is marked close-on-exec.
 */
#define LOADER_DESCRIPTOR 250

/* Where the variables begin whose names are hidden, in front of them. The injector knows it as the record's name. */
#define RECORD "PIGGY_LAUNCHER="

ENTRY;

/* The folder that this program is in. */
static const char *own_folder(struct text *folder)
{
	word length = CALL(readlinkat, AT_FDCWD, "/proc/self/exe", folder->bytes, folder->capacity - 1);

	if (length < 0)
		fail("no_proc", "/proc is not mounted, and the injector cannot run without it", "", 0);
	while (length > 1 && folder->bytes[length - 1] != '/')
		length--;
	folder->length = length - 1;
	return terminated(folder);
}

/* Bun installs handlers of its own and ignores SIGPIPE and SIGXFSZ; an ignored signal stays ignored over execve. */
static unsigned long ignored_signals(void)
{
	unsigned long ignored = 0;

	for (int signal = 1; signal <= SIGNALS; signal++) {
		unsigned long action[SIGACTION_WORDS] = {0};

		if (CALL(rt_sigaction, signal, 0, action, SIGNALS / 8) == 0 && action[0] == SIG_IGN)
			ignored |= 1UL << (signal - 1);
	}
	return ignored;
}

static unsigned long blocked_signals(void)
{
	unsigned long blocked = 0;

	CALL(rt_sigprocmask, SIG_BLOCK, 0, &blocked, SIGNALS / 8);
	return blocked;
}

/*
 * Hides a variable by the high bit of its name's first byte: no name that a loader, a libc or Bun looks for has it.
 * A name that has it already is left as it is, and said to be, so that position and not form tells what was hidden.
 */
static int hide(char *variable)
{
	if (*variable == 0 || (*variable & 0x80))
		return 0;
	*variable = (char)(*variable | 0x80);
	return 1;
}

static void hide_all(char **environment, struct text *record)
{
	for (size i = 0; environment[i]; i++) {
		if (hide(environment[i]))
			continue;
		put_char(record, ',');
		put_decimal(record, i);
	}
}

/* Those that are no number, "." and "..", are none. */
static word descriptor_of(const char *name)
{
	word descriptor = 0;

	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return -1;
		descriptor = descriptor * 10 + (*name - '0');
	}
	return descriptor;
}

/* Bun marks every descriptor but the first ones close-on-exec: those are named that the application is to have. */
static void put_descriptors(struct text *record)
{
	_Alignas(struct directory_entry) char entries[4096];
	word directory, length;

	directory = CALL(openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_CLOEXEC);
	while ((length = CALL(getdents64, directory, entries, sizeof(entries))) > 0) {
		for (word at = 0; at < length;) {
			const struct directory_entry *entry = (const struct directory_entry *)(entries + at);
			word descriptor = descriptor_of(entry->name);

			at += entry->length;
			if (descriptor <= STDERR || CALL(fcntl, descriptor, F_GETFD) != 0)
				continue;
			put_char(record, ',');
			put_decimal(record, descriptor);
		}
	}
	CALL(close, directory);
}

/* Bun raises the soft limit of open files to the hard one. */
static struct rlimit64 open_files(void)
{
	struct rlimit64 limit = {0, 0};

	CALL(prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
	return limit;
}

static void open_loader(const char *folder, struct rlimit64 limit)
{
	TEXT_ON_STACK(path, PATH_MAX);
	word loader;

	put(&path, folder);
	put(&path, "/lib/ld.so");
	if (!terminated(&path))
		fail("bundle_broken", "the folder's name is too long: ", folder, 0);
	if (CALL(fcntl, LOADER_DESCRIPTOR, F_GETFD) >= 0)
		fail("descriptor_taken", "file descriptor 250 is open already, and is needed to start", "", 0);
	loader = CALL(openat, AT_FDCWD, path.bytes, O_RDONLY | O_CLOEXEC);
	if (loader < 0)
		fail("bundle_broken", "cannot open ", path.bytes, loader);
	if (limit.soft <= LOADER_DESCRIPTOR) {
		struct rlimit64 enough = {LOADER_DESCRIPTOR + 1, limit.hard};

		CALL(prlimit64, 0, RLIMIT_NOFILE, &enough, 0);
	}
	loader = CALL(dup3, loader, LOADER_DESCRIPTOR, O_CLOEXEC);
	if (loader < 0)
		fail("bundle_broken", "file descriptor 250 cannot be had; raise the limit of open files", "", loader);
}

/*
 * The injector's environment: the record, where its libraries are, how Bun is to run, and everything that came, hidden.
 * What is run once is not worth the time that a compiler takes from it.
 */
static char **with_front(char **environment, const char *record, const char *library_path)
{
	size count = 0;
	char **result;
	word memory;

	while (environment[count])
		count++;
	memory = CALL(mmap, 0, (count + 4) * sizeof(char *), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
	if (memory < 0 && memory > -4096)
		fail("exec_failed", "no memory for the environment", "", memory);
	result = (char **)memory;
	result[0] = (char *)record;
	result[1] = (char *)library_path;
	result[2] = (char *)"BUN_JSC_useBaselineJIT=0";
	for (size i = 0; i <= count; i++)
		result[i + 3] = environment[i];
	return result;
}

/* With less, Bun ends by a signal, or with words of its own, before the injector or in its midst. */
#define LEAST_STACK (256 * 1024)

/* Where Bun could not start: it would say so in words of its own. */
static void refuse_unfit_place(void)
{
	char path[PATH_MAX];
	struct rlimit64 stack = {LEAST_STACK, 0};
	word error = CALL(getcwd, path, sizeof(path));

	if (error < 0)
		fail("exec_failed", "the injector cannot start in the working directory", "", error);
	CALL(prlimit64, 0, RLIMIT_STACK, 0, &stack);
	if (stack.soft < LEAST_STACK)
		fail("exec_failed", "the limit of the stack is below 256 KiB, and the injector cannot run with it", "", 0);
}

/* Not part of its caller: what it has on the stack may be more than there is. */
__attribute__((noinline, noreturn)) static void start(const char *folder, char **argv, char **environment)
{
	TEXT_ON_STACK(injector, PATH_MAX);
	TEXT_ON_STACK(library_path, PATH_MAX);
	TEXT_ON_STACK(record, 65536);
	struct rlimit64 limit = open_files();
	word error;

	put(&injector, folder);
	put(&injector, "/lib/injector");
	put(&library_path, "LD_LIBRARY_PATH=");
	put(&library_path, folder);
	put(&library_path, "/lib");
	put(&record, RECORD "1 ");
	put_decimal(&record, limit.soft);
	put_char(&record, ' ');
	put_decimal(&record, limit.hard);
	put_char(&record, ' ');
	put_hex(&record, ignored_signals());
	put_char(&record, ' ');
	put_hex(&record, blocked_signals());
	put_char(&record, ' ');
	put_descriptors(&record);
	put_char(&record, ' ');
	hide_all(environment, &record);
	if (!terminated(&injector) || !terminated(&library_path))
		fail("bundle_broken", "the folder's name is too long: ", folder, 0);
	if (!terminated(&record))
		fail("exec_failed", "too many descriptors are open, or variables named in no ASCII character", "", 0);
	open_loader(folder, limit);
	error = CALL(execve, injector.bytes, argv, with_front(environment, record.bytes, library_path.bytes));
	fail("exec_failed", "cannot start ", injector.bytes, error);
}

__attribute__((noreturn, used)) void launch(word *stack)
{
	TEXT_ON_STACK(folder_text, PATH_MAX);
	word argc = stack[0];
	char **argv = (char **)(stack + 1);
	const char *folder = own_folder(&folder_text);

	/* Without a directory, or with one that has no name, the injector says how it is used. */
	if (argc == 3 && equal(argv[1], "install") && *argv[2])
		install(folder, argv[2]);
	if (argc == 3 && equal(argv[1], "try"))
		try_to_execute(argv[2]);
	refuse_unfit_place();
	start(folder, argv, argv + argc + 1);
}

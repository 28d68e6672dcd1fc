/*
 * `piggy-env install DIRECTORY`: the bundle into the volume that the application's containers mount. Nothing of it
 * is started, so it needs two mebibytes, and the kernel's page cache.
 */
#include "install.h"
#include "text.h"

#define MODE 0555
#define PATH_MAX 4096

/* In the order in which they are put in place: the program that a container starts with comes last. */
static const char *const files[] = {
	"lib/ld.so", "lib/libc.so.6", "lib/libm.so.6", "lib/libpthread.so.0", "lib/libdl.so.2", "lib/injector", "piggy-env",
};

static const char *join(struct text *path, const char *directory, const char *name)
{
	path->length = 0;
	put(path, directory);
	put_char(path, '/');
	put(path, name);
	return terminated(path);
}

/*
 * What is written at once the kernel keeps together, up to 2 MiB, and each start of what is installed then takes fewer
 * page faults than after sendfile, which writes 64 KiB at a time. On ext4 of Linux 6.18 that is up to 2 of 8 milliseconds.
 */
static char piece[2 << 20];

static word write_all(word out, const char *bytes, word length)
{
	while (length > 0) {
		word written = CALL(write, out, bytes, length);

		if (written < 0)
			return written;
		bytes += written;
		length -= written;
	}
	return 0;
}

static word copy_content(word in, word out)
{
	for (;;) {
		word length = CALL(read, in, piece, sizeof(piece));
		word error = length > 0 ? write_all(out, piece, length) : length;

		if (length == 0 || error < 0)
			return error;
	}
}

static word copy(const char *from, const char *to)
{
	word in, out, error;

	in = CALL(openat, AT_FDCWD, from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return in;
	out = CALL(openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	if (out < 0)
		return out;
	error = copy_content(in, out);
	if (error == 0)
		error = CALL(fchmod, out, MODE);
	CALL(close, in);
	CALL(close, out);
	return error;
}

void install(const char *from, const char *to)
{
	TEXT_ON_STACK(source, PATH_MAX);
	TEXT_ON_STACK(target, PATH_MAX);
	TEXT_ON_STACK(unfinished, PATH_MAX);
	word error;

	if (!join(&target, to, "lib"))
		fail("install_failed", "the directory's name is too long", "", 0);
	error = CALL(mkdirat, AT_FDCWD, target.bytes, 0755);
	/* What the umask took away is given back, here and below: any user of the Pod may start what is installed. */
	if (error == 0)
		error = CALL(fchmodat, AT_FDCWD, target.bytes, 0755);
	if (error < 0 && error != -EEXIST)
		fail("install_failed", "cannot install into ", to, error);
	for (size i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (!join(&source, from, files[i]) || !join(&target, to, files[i]))
			fail("install_failed", "the directory's name is too long", "", 0);
		/* Beside its place under a name of this process's, and then moved there: nobody finds half a file. */
		join(&unfinished, to, files[i]);
		put_char(&unfinished, '.');
		put_decimal(&unfinished, CALL(getpid, 0));
		if (!terminated(&unfinished))
			fail("install_failed", "the directory's name is too long", "", 0);
		error = copy(source.bytes, unfinished.bytes);
		if (error == 0)
			error = CALL(renameat2, AT_FDCWD, unfinished.bytes, AT_FDCWD, target.bytes, 0);
		if (error < 0) {
			CALL(unlinkat, AT_FDCWD, unfinished.bytes, 0);
			fail("install_failed", "cannot install ", target.bytes, error);
		}
	}
	CALL(exit_group, 0);
	__builtin_unreachable();
}

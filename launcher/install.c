/*
 * `piggy-env install DIRECTORY`: the bundle into the volume that the application's containers mount. Nothing of it
 * is started, so it needs no memory but the kernel's page cache.
 */
#include "install.h"
#include "failure.h"
#include "text.h"

#define MODE 0555
#define PATH_MAX 4096

/*
 * In the order in which they are put in place: the program that a container starts with comes last. The largest comes
 * first: where it takes more of the page cache than the container may have, it would push out what came before it.
 */
static const char *const files[] = {
	"lib/injector", "lib/ld.so", "lib/libc.so.6", "lib/libm.so.6", "lib/libpthread.so.0", "lib/libdl.so.2", "piggy-env",
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
#define PIECE (2l << 20)

static word write_all(word out, const char *bytes, word length, word at)
{
	while (length > 0) {
		word written = CALL(pwrite64, out, bytes, length, at);

		if (written < 0)
			return written;
		bytes += written;
		length -= written;
		at += written;
	}
	return 0;
}

/* From the page cache as it is, not by way of a buffer: that is a third of the processor's time, of which there is little. */
static word copy_piece(word in, word out, word at, word length)
{
	word piece = CALL(mmap, 0, length, PROT_READ, MAP_PRIVATE_POPULATE, in, at);
	word error;

	if (piece < 0)
		return piece;
	error = write_all(out, (const char *)piece, length, at);
	CALL(munmap, piece, length);
	return error;
}

static word copy_range(word in, word out, word from, word to)
{
	for (word at = from; at < to; at += PIECE) {
		word error = copy_piece(in, out, at, to - at < PIECE ? to - at : PIECE);

		if (error < 0)
			return error;
	}
	return 0;
}

/*
 * The first half last, for a start reads most of that: with the usual 64 MiB of memory the container keeps no more than
 * about that half in the page cache, and what it does not keep, the next start reads from the disk.
 */
static word copy_content(word in, word out)
{
	word length = CALL(lseek, in, 0, SEEK_END);
	word middle = length / 2 / PIECE * PIECE;
	word error;

	if (length < 0)
		return length;
	error = copy_range(in, out, middle, length);
	return error < 0 ? error : copy_range(in, out, 0, middle);
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

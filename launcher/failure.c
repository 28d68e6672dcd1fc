#include "failure.h"
#include "text.h"

#define FAILED 125

static void put_padded(struct text *text, unsigned long number, unsigned digits)
{
	unsigned long unit = 1;

	while (--digits)
		unit *= 10;
	for (; unit; unit /= 10)
		put_char(text, "0123456789"[number / unit % 10]);
}

/* RFC 3339 in UTC. Days to a date by the proleptic Gregorian calendar, years beginning in March. */
static void put_time(struct text *text)
{
	struct timespec now = {0, 0};
	unsigned long days, of_era, era, year, of_year, month;

	CALL(clock_gettime, 0, &now);
	days = now.seconds / 86400 + 719468;
	era = days / 146097;
	of_era = days % 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	put_padded(text, era * 400 + year + (month >= 10), 4);
	put_char(text, '-');
	put_padded(text, month < 10 ? month + 3 : month - 9, 2);
	put_char(text, '-');
	put_padded(text, of_year - (153 * month + 2) / 5 + 1, 2);
	put_char(text, 'T');
	put_padded(text, now.seconds / 3600 % 24, 2);
	put_char(text, ':');
	put_padded(text, now.seconds / 60 % 60, 2);
	put_char(text, ':');
	put_padded(text, now.seconds % 60, 2);
	put_char(text, '.');
	put_padded(text, now.nanoseconds / 1000000, 3);
	put_char(text, 'Z');
}

static void put_json(struct text *text, const char *string)
{
	for (; *string; string++) {
		unsigned char c = *string;

		if (c < 0x20 || c == 0x7f)
			c = '?';
		if (c == '"' || c == '\\')
			put_char(text, '\\');
		put_char(text, c);
	}
}

static const char *explain(word error)
{
	switch (-error) {
	case EACCES:
	case EPERM:
		return "permission denied; is the volume mounted noexec, or not for this user?";
	case E2BIG:
		return "arguments and environment are longer than the kernel takes";
	case ENOENT:
		return "it is not there";
	case ENOEXEC:
		return "it is not for this kind of processor";
	case ENOMEM:
		return "out of memory";
	case ENAMETOOLONG:
		return "its path is longer than the kernel takes";
	case ENOTDIR:
		return "it is not in a directory";
	case ENOSPC:
		return "the volume is full; piggy-env takes 120 MB";
	case EDQUOT:
		return "the volume's quota is used up; piggy-env takes 120 MB";
	case EROFS:
		return "the volume is read-only";
	case EMFILE:
		return "no file descriptor is left";
	default:
		return "";
	}
}

void fail(const char *code, const char *what, const char *name, word error)
{
	TEXT_ON_STACK(line, 8192);
	const char *why = explain(error);

	put(&line, "{\"level\":\"fatal\",\"time\":\"");
	put_time(&line);
	put(&line, "\",\"code\":\"");
	put(&line, code);
	put(&line, "\",\"message\":\"");
	put_json(&line, what);
	put_json(&line, name);
	if (error) {
		put(&line, ": ");
		put(&line, why);
		if (*why == 0) {
			put(&line, "error ");
			put_decimal(&line, -error);
		}
	}
	/* A name may be as long as the kernel lets it be; the line ends as JSON all the same. */
	if (line.length > sizeof(line_bytes) - 4)
		line.length = sizeof(line_bytes) - 4;
	line.bytes[line.length++] = '"';
	line.bytes[line.length++] = '}';
	line.bytes[line.length++] = '\n';
	CALL(write, STDERR, line.bytes, line.length);
	CALL(exit_group, FAILED);
	__builtin_unreachable();
}

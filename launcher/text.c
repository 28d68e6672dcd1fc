#include "text.h"

void put_char(struct text *text, char c)
{
	/* The last byte is kept for the terminating NUL. */
	if (text->length + 1 < text->capacity)
		text->bytes[text->length++] = c;
	else
		text->overflowed = 1;
}

void put(struct text *text, const char *string)
{
	while (*string)
		put_char(text, *string++);
}

static void put_number(struct text *text, unsigned long number, unsigned base)
{
	char digits[20];
	int count = 0;

	do
		digits[count++] = "0123456789abcdef"[number % base];
	while (number /= base);
	while (count)
		put_char(text, digits[--count]);
}

void put_decimal(struct text *text, unsigned long number)
{
	put_number(text, number, 10);
}

void put_hex(struct text *text, unsigned long number)
{
	put_number(text, number, 16);
}

const char *terminated(struct text *text)
{
	text->bytes[text->length] = 0;
	return text->overflowed ? 0 : text->bytes;
}

int equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

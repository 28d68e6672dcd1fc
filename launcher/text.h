/* Text without a C library, in a bounded buffer. */
#ifndef TEXT_H
#define TEXT_H

#include "linux.h"

struct text {
	char *bytes;
	size length, capacity;
	int overflowed;
};

#define TEXT_ON_STACK(name, n)                                                                                         \
	char name##_bytes[n];                                                                                          \
	struct text name = {name##_bytes, 0, n, 0}

void put_char(struct text *text, char c);
void put(struct text *text, const char *string);
void put_decimal(struct text *text, unsigned long number);
void put_hex(struct text *text, unsigned long number);

/* Ends the text for the kernel; a text that did not fit is no text. */
const char *terminated(struct text *text);

int equal(const char *a, const char *b);

#endif

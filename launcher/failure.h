/* The one line of JSON that tells why piggy-env could not start. */
#ifndef FAILURE_H
#define FAILURE_H

#include "linux.h"

/* Writes the line to stderr, as the injector does, and ends the process with 125. */
__attribute__((noreturn)) void fail(const char *code, const char *what, const char *name, word error);

#endif

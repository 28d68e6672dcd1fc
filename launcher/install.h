#ifndef INSTALL_H
#define INSTALL_H

/* Copies the bundle in `from` into the directory `to`; ends the process, with 0 when all of it is there. */
__attribute__((noreturn)) void install(const char *from, const char *to);

#endif

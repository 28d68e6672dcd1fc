#ifndef TRIAL_H
#define TRIAL_H

/* Has the kernel execute a file up to its first instruction; ends the process with 0, the error, or UNDECIDED. */
__attribute__((noreturn)) void try_to_execute(const char *file);

#endif

/* One role in this process, until it is told to stop. */
#ifndef CLI_ROLE_H
#define CLI_ROLE_H

#include <stdbool.h>

/* The roles in the order they are started; NULL-terminated. "http" answers, the others run stages.
 */
extern const char *const role_names[];

/* The exit status. A role that ends with EXIT_AGAIN is to be started anew at once. */
enum { EXIT_AGAIN = 75 };
/* `is_alone`: no supervisor has prepared the database; this role may be the first to see it. */
int role_run(const char *role, bool is_alone);

/* SIGTERM and SIGINT arrive as a flag; call once before threads are started. */
void role_signals_set(void);
bool role_should_stop(void);

#endif

/* What `audiapro calls` says about the ledger as a whole. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <jansson.h>

/* `audiapro calls summary`. */
int calls_summary_run(int argc, char **argv);

/* The yield, and what is not here and why, in a few lines; of api/figures.h's answer. */
void summary_print_short(const json_t *figures);

#endif

/* `audiapro calls retry`: one call's recordings, or many. */
#ifndef CLI_RETRY_H
#define CLI_RETRY_H

int calls_retry_run(int argc, char **argv);

#endif

/* `audiapro transcribe FILE`: one local file through the decode and speech stages. */
#ifndef CLI_TRANSCRIBE_H
#define CLI_TRANSCRIBE_H

/* argv[0] is "transcribe". Returns the exit status: 0 done, 1 it failed (said on standard error), 2
 * wrong usage. The transcript goes to standard output; a terminal sees progress meanwhile. */
int cli_transcribe(int argc, char **argv);

#endif

/* `audiapro simulate-ucm`: a simulated Grandstream UCM in the foreground. */
#ifndef CLI_SIMULATE_H
#define CLI_SIMULATE_H

/* argv[0] is the command's name. Returns the exit status: 0, 1 (it failed), 2 (bad usage). */
int cli_simulate(int argc, char **argv);

#endif

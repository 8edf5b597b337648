/* Picks a command. Before: this program's memory holds passwords, so it is never written to disk.
 */
#include <stdio.h>
#include <sys/resource.h>

#include "cli/commands.h"

/* One byte, not zero: zero refuses a core file, but the kernel still feeds the whole memory to a
 * handler where core_pattern names one ("|…"); one byte refuses both (core(5), and the kernel's
 * do_coredump()). Children inherit it. */
static void cores_refuse(void)
{
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){ 1, 1 }) != 0) {
        perror("audiapro: a core dump could not be ruled out");
    }
}

int main(int argc, char **argv)
{
    cores_refuse();
    return commands_run(argc, argv);
}

/* The commands. Each is one file; commands.c holds THE table. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* Run what argv[1] names; the exit status. */
int commands_run(int argc, char **argv);

int cli_serve(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_calls(int argc, char **argv);
int cli_alarms(int argc, char **argv);
int cli_tenant(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_token(int argc, char **argv);
int cli_migrate(int argc, char **argv);
int cli_config(int argc, char **argv);

#endif

// libsystemd: sd_notify, sd_watchdog_enabled, and reading the journal.
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

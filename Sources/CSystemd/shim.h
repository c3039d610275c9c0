// libsystemd: sd_journal_sendv, sd_notify, sd_watchdog_enabled.
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

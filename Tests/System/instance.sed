# Makes systemd/dermsegd@.service of systemd/dermsegd.service; Tests/System/service.sh requires that it is so.
1,2c\
# The daemon once more, for a folder of its own: dermsegd@NAME reads /etc/dermseg/NAME.yaml, which has to name\
# testFolder and resultsFolder, best /srv/dermseg/NAME/test and /srv/dermseg/NAME/Results; others need\
# ReadWritePaths= by `systemctl edit dermsegd@NAME`. Made of dermsegd.service: sed -f Tests/System/instance.sed
s|^Description=.*|& of %i|
s|/etc/dermseg/dermseg.yaml|/etc/dermseg/%i.yaml|
s|^StateDirectory=dermsegd$|StateDirectory=dermsegd-%i\
Environment=DERMSEG_STATE_DIRECTORY=%S/dermsegd-%i|
s|/srv/dermseg/test|/srv/dermseg/%i/test|
s|/srv/dermseg/Results|/srv/dermseg/%i/Results|

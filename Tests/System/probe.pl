# probe.pl: tries what a program that was taken over by a photograph would try, and says what came of it in one
# line. Perl, because Debian always has it, and because there is no shell in the sandbox.
use strict;
use warnings;
no warnings 'exec';
use Socket;

sub try_writing {
  my ($path) = @_;
  open(my $file, '>', $path) or return "$!";
  close($file);
  unlink($path);
  return 'written';
}

my @said;
for my $place ('test', 'training', 'Results') {
  push @said, "$place=" . try_writing("/srv/dermseg/$place/.probe");
}
push @said, 'models=' . try_writing('/var/lib/dermseg/models/.probe');
push @said, 'socket=' . (socket(my $end, PF_INET, SOCK_STREAM, 0) ? 'opened' : "$!");
push @said, 'shell=' . (system('/bin/sh', '-c', 'true') == 0 ? 'run' : "$!");
print join(', ', @said), "\n";

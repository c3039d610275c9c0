# hidden-in-blue.pl COUNT FOLDER: writes COUNT training pairs, 48 x 36 pixels, whose lesion is as bright as the skin in
# blue: the rule that has learnt nothing does not see it, and a tiny network does after some seconds.
# Perl, because Debian always has it; without its modules for PNG, because it does not always have those.
use strict;
use warnings;

my ($count, $folder) = @ARGV;
my ($width, $height) = (48, 36);
my @table = map { my $c = $_; $c = $c & 1 ? 0xEDB88320 ^ ($c >> 1) : $c >> 1 for 1 .. 8; $c } 0 .. 255;

sub chunk {
  my ($type, $data) = @_;
  my $crc = 0xFFFFFFFF;
  $crc = $table[($crc ^ $_) & 255] ^ ($crc >> 8) for unpack 'C*', $type . $data;
  return pack('N', length $data) . $type . $data . pack('N', $crc ^ 0xFFFFFFFF);
}

# A PNG whose data are stored, not compressed.
sub png {
  my ($path, $colour, $pixels) = @_;
  my ($one, $two) = (1, 0);
  for (unpack 'C*', $pixels) { $one = ($one + $_) % 65521; $two = ($two + $one) % 65521 }
  my $stored = pack('CCCvv', 0x78, 1, 1, length $pixels, 0xFFFF ^ length $pixels) . $pixels
    . pack('N', $two << 16 | $one);
  open my $file, '>:raw', $path or die "$path: $!";
  print $file "\x89PNG\r\n\x1a\n", chunk('IHDR', pack('NNC5', $width, $height, 8, $colour, 0, 0, 0)),
    chunk('IDAT', $stored), chunk('IEND', '');
  close $file or die "$path: $!";
}

srand 4711;
mkdir "$folder/$_" for 'images', 'masks';
for my $index (1 .. $count) {
  my ($cx, $cy) = map { $_ * (0.35 + rand 0.3) } $width, $height;
  my ($rx, $ry) = map { $_ * (0.15 + rand 0.15) } $width, $height;
  my ($image, $mask) = ('', '');
  for my $y (0 .. $height - 1) {
    $image .= "\0";
    $mask .= "\0";
    for my $x (0 .. $width - 1) {
      my $inside = (($x + 0.5 - $cx) / $rx)**2 + (($y + 0.5 - $cy) / $ry)**2 <= 1;
      my $grain = rand(24) - 12;
      $image .= pack 'C3', map { $_ + $grain } $inside ? (110, 70, 170) : (220, 180, 170);
      $mask .= chr($inside ? 255 : 0);
    }
  }
  png(sprintf("%s/images/hidden_%02d.png", $folder, $index), 2, $image);
  png(sprintf("%s/masks/hidden_%02d_segmentation.png", $folder, $index), 0, $mask);
}

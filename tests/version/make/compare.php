<?php
// Reads pairs of versions, tab-separated; prints how composer/semver orders each; "!" for an error.
// Debian: apt-get install php-cli composer
require '/usr/share/php/Composer/Semver/autoload.php';
$parser = new Composer\Semver\VersionParser();
while (($line = fgets(STDIN)) !== false) {
    [$left, $right] = explode("\t", rtrim($line, "\n"));
    try {
        $order = version_compare($parser->normalize($left), $parser->normalize($right));
        echo '<=>'[$order + 1], "\n";
    } catch (UnexpectedValueException $error) {
        echo "!\n";
    }
}

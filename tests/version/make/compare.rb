# Reads pairs of versions, tab-separated; prints how Gem::Version orders each; "!" for an error.
STDIN.each_line(chomp: true) do |line|
  left, right = line.split("\t")
  puts "<=>"[(Gem::Version.new(left) <=> Gem::Version.new(right)) + 1]
rescue ArgumentError
  puts "!"
end

# Reads pairs of versions, tab-separated; prints how R's utils::compareVersion orders each.
for (line in readLines(file("stdin"))) {
  pair <- strsplit(line, "\t")[[1]]
  cat(c("<", "=", ">")[compareVersion(pair[1], pair[2]) + 2], "\n", sep = "")
}

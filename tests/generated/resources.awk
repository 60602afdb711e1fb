# From the report of `-Xptxas -v` and the PTX that nvcc kept: kernel, architecture, registers, bytes of shared memory that are static
# and that it is launched with, bytes spilled. Kernels of libraries are left out.
/^ptxas info +: Compiling entry function/ {
  split($0, quoted, "'")
  kernel = quoted[2] "\t" quoted[4]
}
/bytes spill stores/ { match($0, /[0-9]+ bytes spill stores/); spilled[kernel] = substr($0, RSTART, RLENGTH) + 0 }
/^ptxas info +: Used [0-9]+ registers/ {
  registers[kernel] = $5
  fixed[kernel] = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) + 0 : 0
}
/^\.target / {
  target = $2
  sub(/,$/, "", target)
}
/^(\.visible |\.weak )?\.entry / {
  entry = $0
  sub(/^.*\.entry /, "", entry)
  sub(/\(.*$/, "", entry)
  entry = entry "\t" target
}
/\/\/ shared memory: [0-9]+ bytes/ { if ($4 > launched[entry]) launched[entry] = $4 }
END {
  for (kernel in registers)
    if (kernel ~ /^_ZN5pleat/) print kernel "\t" registers[kernel] "\t" fixed[kernel] "\t" launched[kernel] + 0 "\t" spilled[kernel] + 0
}

# Reads the PTX of a kernel of normals and prints what could have other bits than the text of core/philox.hpp: a rounding that is not
# IEEE's, fewer or more fused multiply-adds than are written there, or a product that an addition reads, which the compiler may fuse
# with it. Products with powers of two are exact, so that fusing them changes nothing.
{ gsub(/[,;]/, "") }
/\.f32/ && (/\.approx/ || /\.ftz/ || /\.full/ || / div\.r[zmp]/) { print "not rounded as IEEE asks: " $0 }
/\.f64/ { print "double: " $0 }
$1 == "fma.rn.f32" { ++fused }
$1 == "div.rn.f32" { ++divisions }
$1 == "sqrt.rn.f32" { ++roots }
$1 ~ /^(mul|add|sub)(\.rn)?\.f32$/ { ++others }
$1 == "mul.f32" && $4 !~ /^0f[0-9A-F][0-9A-F][08]00000$/ { product[$2] = $0 }
$1 ~ /^(mov|neg|selp)\.f32$/ && ($3 in product) { product[$2] = product[$3] }
$1 == "selp.f32" && ($4 in product) { product[$2] = product[$4] }
$1 ~ /^(add|sub)\.f32$/ {
  if ($3 in product) print "may be fused: " product[$3] " and " $0
  if ($4 in product) print "may be fused: " product[$4] " and " $0
}
# Twice of a box_muller: a logarithm of 6, a circle of 12; and - + * as they are written there, but for what a constant folds.
END {
  if (fused != 36 || divisions != 2 || roots != 2 || others != 44)
    print "of fma, /, sqrt and + - * there are " fused + 0 ", " divisions + 0 ", " roots + 0 ", " others + 0 ", not 36, 2, 2, 44"
}

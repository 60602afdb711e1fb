#pragma once
/// \file  The centre of a residue's environment where its side chain is taken away: a C-beta put beside the C-alpha.

#include <array>
#include <cmath>

#include <pleat/core/error.hpp>

namespace pleat::inline v0_1 {

/// Where ATOM3D's residue identity task (RES) puts the C-beta of every residue, glycine too: a shift of 1.53 Angstrom from the
/// C-alpha.
inline constexpr std::array<double, 3> published_centre_shift{-0.531, -0.758, 1.220};

/// Centre of the environment of a residue, Angstrom. `as_published`: C-alpha + the fixed shift in the frame of the file, which
/// does not turn with the structure. Otherwise the ideal C-beta that N, C-alpha and C imply, at the same distance, which does:
/// with b = CA - N, c = C - CA, a = b x c the direction -0.58273431 a + 0.56802827 b - 0.54067466 c of tetrahedral geometry.
/// Errors: the three atoms on one line.
inline std::array<double, 3> residue_centre(const std::array<double, 3>& n, const std::array<double, 3>& alpha,
                                            const std::array<double, 3>& carbon, bool as_published) {
  std::array<double, 3> shift = published_centre_shift;
  double length = 0;
  for (double x : shift) length += x * x;
  length = std::sqrt(length);
  if (!as_published) {
    std::array<double, 3> b{}, c{};
    for (std::size_t k = 0; k < 3; ++k) b[k] = alpha[k] - n[k], c[k] = carbon[k] - alpha[k];
    const std::array<double, 3> a{b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]};
    require(a[0] * a[0] + a[1] * a[1] + a[2] * a[2] > 1e-12,
            "N, C-alpha and C of a residue lie on one line, which leaves no place for a C-beta; leave the residue out");
    double square = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      shift[k] = -0.58273431 * a[k] + 0.56802827 * b[k] - 0.54067466 * c[k];
      square += shift[k] * shift[k];
    }
    for (double& x : shift) x *= length / std::sqrt(square);
  }
  return {alpha[0] + shift[0], alpha[1] + shift[1], alpha[2] + shift[2]};
}

} // namespace pleat::inline v0_1

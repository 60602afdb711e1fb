#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

#include <pleat/data/superposition.hpp>

#include "support/motions.hpp"

using namespace pleat;

namespace {

std::vector<float> cloud(std::size_t points, std::uint64_t seed) {
  Philox draws(seed);
  std::vector<float> out(3 * points);
  for (float& x : out) x = float(10 * draws.normal());
  return out;
}

std::vector<float> moved(const std::vector<float>& points, std::uint64_t seed, bool mirrors, const std::array<double, 3>& by) {
  const std::vector<double> wide(points.begin(), points.end());
  const auto to = contract::moved(wide, contract::orthogonal(seed, mirrors), by);
  return {to.begin(), to.end()};
}

double determinant(const Superposition& s) {
  const auto& r = s.rotation;
  return r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) - r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
         r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
}

void check_rotation(const Superposition& s) {
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      double product = 0;
      for (std::size_t k = 0; k < 3; ++k) product += s.rotation[i][k] * s.rotation[j][k];
      BOOST_TEST(std::abs(product - (i == j ? 1 : 0)) < 1e-12);
    }
  BOOST_TEST(std::abs(determinant(s) - 1) < 1e-12);
}

std::vector<float> applied(const Superposition& s, const std::vector<float>& points) {
  std::vector<float> out;
  for (std::size_t i = 0; i < points.size(); i += 3) {
    const Position p = s(Position::angstrom(points[i], points[i + 1], points[i + 2]));
    out.insert(out.end(), {p.x(), p.y(), p.z()});
  }
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(superposition)

BOOST_AUTO_TEST_CASE(finds_exact_motions) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto from = cloud(3 + seed, seed), onto = moved(from, seed + 100, false, {5, -7, double(seed)});
    const auto found = superpose(from, onto);
    const auto truth = contract::orthogonal(seed + 100, false);
    check_rotation(found);
    BOOST_TEST(found.rmsd < 5e-6); // the rounding of float coordinates
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) BOOST_TEST(std::abs(found.rotation[i][j] - truth[i][j]) < 2e-6);
    BOOST_TEST(rmsd_in_place(applied(found, from), onto) < 1e-5);
  }
}

BOOST_AUTO_TEST_CASE(half_turns_and_the_identity) {
  const auto from = cloud(9, 4);
  for (std::size_t axis = 0; axis < 3; ++axis) { // quaternions without a real part
    auto onto = from;
    for (std::size_t i = 0; i < onto.size(); ++i) onto[i] *= i % 3 == axis ? 1.0f : -1.0f;
    const auto found = superpose(from, onto);
    check_rotation(found);
    BOOST_TEST(found.rmsd < 1e-6);
    for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(std::abs(found.rotation[i][i] - (i == axis ? 1 : -1)) < 1e-12);
  }
  const auto same = superpose(from, from);
  BOOST_TEST(same.rmsd < 1e-12);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(std::abs(same.rotation[i][i] - 1) < 1e-12);
}

BOOST_AUTO_TEST_CASE(mirror_images_keep_a_residual) {
  // Six points on the axes and their mirror image in z: the best rotation is none at all.
  const std::vector<float> from = {3, 0, 0, -3, 0, 0, 0, 2, 0, 0, -2, 0, 0, 0, 1, 0, 0, -1};
  std::vector<float> mirror = from;
  for (std::size_t i = 2; i < mirror.size(); i += 3) mirror[i] = -mirror[i];
  const auto found = superpose(from, mirror);
  check_rotation(found);
  // Only the pair at z = +-1 is displaced, by 2 each: sqrt((4 + 4) / 6).
  BOOST_TEST(found.rmsd == std::sqrt(8.0 / 6), boost::test_tools::tolerance(1e-12));
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto a = cloud(12, seed), b = moved(a, seed + 50, true, {1, 2, 3});
    const auto best = superpose(a, b);
    check_rotation(best);
    BOOST_TEST(best.rmsd > 1);
  }
}

BOOST_AUTO_TEST_CASE(is_the_best_rotation) {
  const auto from = cloud(15, 8);
  auto onto = moved(from, 9, false, {1, 1, 1});
  const auto noise = cloud(15, 10);
  for (std::size_t i = 0; i < onto.size(); ++i) onto[i] += 0.2f * noise[i];
  const auto found = superpose(from, onto);
  const double best = rmsd_in_place(applied(found, from), onto);
  BOOST_TEST(best == found.rmsd, boost::test_tools::tolerance(1e-5));
  for (std::size_t axis = 0; axis < 3; ++axis) // turning or moving a little more makes it worse
    for (const double angle : {-0.01, 0.01}) {
      Superposition other = found;
      const std::size_t i = (axis + 1) % 3, j = (axis + 2) % 3;
      for (std::size_t k = 0; k < 3; ++k) {
        other.rotation[i][k] = std::cos(angle) * found.rotation[i][k] - std::sin(angle) * found.rotation[j][k];
        other.rotation[j][k] = std::sin(angle) * found.rotation[i][k] + std::cos(angle) * found.rotation[j][k];
      }
      std::array<double, 3> centre{}; // of the images: the turn is about it
      for (std::size_t p = 0; p < onto.size(); ++p) centre[p % 3] += double(onto[p]) / 15;
      const auto moved_centre = [&] {
        std::array<double, 3> sum{};
        const auto images = applied(other, from);
        for (std::size_t p = 0; p < images.size(); ++p) sum[p % 3] += double(images[p]) / 15;
        return sum;
      }();
      for (std::size_t k = 0; k < 3; ++k) other.shift[k] += centre[k] - moved_centre[k];
      BOOST_TEST(rmsd_in_place(applied(other, from), onto) > best);
      Superposition shifted = found;
      shifted.shift[axis] += angle * 10;
      BOOST_TEST(rmsd_in_place(applied(shifted, from), onto) > best);
    }
}

BOOST_AUTO_TEST_CASE(degenerate_points) {
  // One point: a shift. Coincident points: the same. Points on a line: any turn about it is as good.
  const auto one = superpose(std::vector<float>{1, 2, 3}, std::vector<float>{4, 4, 4});
  BOOST_TEST(one.rmsd < 1e-12);
  BOOST_TEST((one(std::array<double, 3>{1, 2, 3}) == std::array<double, 3>{4, 4, 4}));
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) BOOST_TEST(one.rotation[i][j] == (i == j ? 1 : 0));
  const auto coincident = superpose(std::vector<float>{1, 2, 3, 1, 2, 3}, std::vector<float>{0, 0, 0, 2, 0, 0});
  check_rotation(coincident);
  BOOST_TEST(coincident.rmsd == 1.0, boost::test_tools::tolerance(1e-12));
  const auto line = superpose(std::vector<float>{0, 0, 0, 1, 0, 0, 5, 0, 0}, std::vector<float>{1, 1, 1, 1, 2, 1, 1, 6, 1});
  check_rotation(line);
  BOOST_TEST(line.rmsd < 1e-7);
  const auto reversed = superpose(std::vector<float>{0, 0, 0, 1, 0, 0, 5, 0, 0}, std::vector<float>{0, 0, 0, -1, 0, 0, -5, 0, 0});
  check_rotation(reversed);
  BOOST_TEST(reversed.rmsd < 1e-7);
  // A plane and its mirror image: turned over, exactly.
  const std::vector<float> plane = {0, 0, 0, 4, 0, 0, 0, 3, 0, 1, 1, 0}, mirror = {0, 0, 0, -4, 0, 0, 0, 3, 0, -1, 1, 0};
  const auto over = superpose(plane, mirror);
  check_rotation(over);
  BOOST_TEST(over.rmsd < 1e-7);
}

BOOST_AUTO_TEST_CASE(chosen_points_only) {
  auto from = cloud(10, 21), onto = moved(from, 22, false, {0, 0, 9});
  for (std::size_t i = 0; i < 6; ++i) onto[i] += 30; // two points went elsewhere
  const std::vector<Index> kept = {2, 3, 4, 5, 6, 7, 8, 9};
  BOOST_TEST(superpose(from, onto).rmsd > 5);
  BOOST_TEST(superpose(from, onto, kept).rmsd < 5e-6);
}

BOOST_AUTO_TEST_CASE(refusals) {
  const auto says = [](const char* text) {
    return [text](const Error& e) { return std::string(e.what()).find(text) != std::string::npos; };
  };
  const std::vector<float> two(6), three(9), four(4);
  std::vector<float> bad(6);
  bad[4] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Index> beyond = {0, 2};
  BOOST_CHECK_EXCEPTION(superpose(two, three), Error, says("6 and 9 coordinates"));
  BOOST_CHECK_EXCEPTION(superpose(four, four), Error, says("three coordinates a point"));
  BOOST_CHECK_EXCEPTION(superpose({}, {}), Error, says("no points"));
  BOOST_CHECK_EXCEPTION(superpose(two, bad), Error, says("point 1 of a superposition is not finite"));
  BOOST_CHECK_EXCEPTION(superpose(two, two, beyond), Error, says("point 2 of 2"));
  BOOST_CHECK_EXCEPTION(rmsd_in_place(two, three), Error, says("equally many points"));
}

BOOST_AUTO_TEST_SUITE_END()

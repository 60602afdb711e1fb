#include <boost/test/unit_test.hpp>

#include <pleat/data/neighbour_search.hpp>

#include "support/structures.hpp"

using namespace pleat;
using namespace structures;

namespace {

double square(const std::vector<float>& x, Index i, Index j) {
  double sum = 0;
  for (Index c = 0; c < 3; ++c) sum += std::pow(double(x[std::size_t(3 * j + c)]) - double(x[std::size_t(3 * i + c)]), 2);
  return sum;
}

std::vector<Index> brute_within(const std::vector<float>& x, Index centre, double radius) {
  std::vector<Index> found;
  for (Index i = 0; i < Index(x.size()) / 3; ++i)
    if (i != centre && square(x, centre, i) < radius * radius) found.push_back(i);
  return found;
}

std::vector<Index> brute_nearest(const std::vector<float>& x, Index centre, Index count) {
  std::vector<std::pair<double, Index>> all;
  for (Index i = 0; i < Index(x.size()) / 3; ++i)
    if (i != centre) all.push_back({square(x, centre, i), i});
  std::sort(all.begin(), all.end());
  std::vector<Index> found;
  for (std::size_t k = 0; k < all.size() && Index(k) < count; ++k) found.push_back(all[k].second);
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<Index> indices(std::span<const Neighbour> found) {
  std::vector<Index> list;
  for (const Neighbour& n : found) list.push_back(n.index);
  return list;
}

void check_all(const std::vector<float>& x, double edge, double radius, Index count) {
  NeighbourSearch search(x, edge);
  bool same = true;
  for (Index i = 0; i < search.size(); ++i) {
    same = same && indices(search.within(i, radius)) == brute_within(x, i, radius);
    same = same && indices(search.nearest(i, count)) == brute_nearest(x, i, count);
    for (const Neighbour& n : search.within(i, radius))
      same = same && std::abs(double(n.square) - square(x, i, n.index)) <= 1e-5 * square(x, i, n.index);
  }
  BOOST_TEST(same);
}

} // namespace

BOOST_AUTO_TEST_SUITE(neighbour_search)

BOOST_AUTO_TEST_CASE(agrees_with_trying_all_pairs) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const auto x = cloud(300, 40, seed).positions;
    check_all(x, 10, 10, 10);
    check_all(x, 3, 10, 25);
    check_all(x, 50, 10, 299); // all others
    check_all(x, 4.5, 1, 400); // more than there are
  }
  auto far = cloud(200, 20, 9).positions; // two clusters far apart, and negative coordinates
  for (std::size_t i = 0; i < 300; ++i) far[i] -= 9000;
  check_all(far, 10, 10, 10);
  check_all(far, 4.5, 4.5, 120);
  check_all(far, 1e-7, 10, 10); // cells of this size could not be numbered
}

// Points of a lattice have many equal distances, and some that are exactly the radius.
BOOST_AUTO_TEST_CASE(ties_and_strictness) {
  std::vector<float> x;
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 6; ++j)
      for (int k = 0; k < 6; ++k) x.insert(x.end(), {5.f * float(i) - 15, 5.f * float(j), 5.f * float(k)});
  for (double edge : {5.0, 10.0, 7.3}) check_all(x, edge, 10, 10);
  NeighbourSearch search(x, 10);
  BOOST_TEST(search.within(0, 5).empty());
  BOOST_TEST(search.within(0, 5.000001).size() == 3u);
  BOOST_TEST((indices(search.nearest(0, 2)) == std::vector<Index>{1, 6})); // of three at 5 Angstrom the first two
}

BOOST_AUTO_TEST_CASE(few_points_and_bad_ones) {
  NeighbourSearch none({}, 10);
  BOOST_TEST(none.size() == 0);
  const std::vector<float> one{1, 2, 3};
  NeighbourSearch alone(one, 10);
  BOOST_TEST(alone.within(0, 10).empty());
  BOOST_TEST(alone.nearest(0, 10).empty());
  const std::vector<float> same{1, 2, 3, 1, 2, 3, 1, 2, 3};
  check_all(same, 10, 10, 1);
  for (float bad : {NAN, INFINITY, 1e7f}) {
    const std::vector<float> points{0, 0, 0, 0, bad, 0};
    BOOST_CHECK_THROW(NeighbourSearch(points, 10), Error);
  }
}

BOOST_AUTO_TEST_SUITE_END()

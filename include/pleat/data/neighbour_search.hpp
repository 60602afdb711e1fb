#pragma once
/// \file  Exact neighbour search among points in space by a cell list: linear in the number of points.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// A point near a centre.
struct Neighbour {
  std::int32_t index = 0;
  float square = 0; ///< squared distance; what depends on it is decided in double by the search
};

/// Finds all pairs nearer than a radius at once, and answers from that list. Distances are those of the float coordinates in
/// double, compared strictly, so the answers depend neither on the instruction set nor on where the cells lie. Searches write
/// into the object: one per thread.
class NeighbourSearch {
public:
  NeighbourSearch() = default;
  NeighbourSearch(std::span<const float> points, double radius) { prepare(points, radius); }

  /// Starts over with other points, in the memory of those before. Points (n, 3), which must outlive the searches; `radius` of
  /// most of them, above 0. Errors: coordinates that are no numbers or beyond 10^6.
  void prepare(std::span<const float> points, double radius) {
    points_ = points, radius_ = radius;
    require(radius > 0, "the radius of a neighbour search is ", radius, "; give one above 0");
    for (Index i = 0; i < size(); ++i)
      for (Index c = 0; c < 3; ++c)
        require(std::abs(at(i, c)) < 1e6f, "point ", i, " has the coordinate ", at(i, c),
                "; neighbours are searched among finite coordinates below 10^6 Angstrom");
    sort_into_cells();
    list_all();
  }

  Index size() const { return static_cast<Index>(points_.size()) / 3; }

  /// The points other than `centre` nearer than `radius`, by index. Valid until the next search.
  std::span<const Neighbour> within(Index centre, double radius) {
    const auto begin = begin_[static_cast<std::size_t>(centre)], end = begin_[static_cast<std::size_t>(centre) + 1];
    const auto listed = std::span<const Neighbour>(neighbours_).subspan(begin, end - begin);
    if (radius == radius_) return listed;
    found_.clear();
    if (radius < radius_) {
      for (const Neighbour& n : listed)
        if (square_of(centre, n.index) < radius * radius) found_.push_back(n);
    } else {
      look_around(centre, radius);
    }
    return found_;
  }

  /// The `count` points nearest to `centre` (all, if there are fewer), the lower index first where distances are equal; listed by
  /// index. Valid until the next search.
  std::span<const Neighbour> nearest(Index centre, Index count) {
    double radius = radius_;
    auto found = within(centre, radius);
    while (static_cast<Index>(found.size()) < (std::min)(count, size() - 1)) found = within(centre, radius *= 2);
    return nearest_of(centre, found, count);
  }

  /// The nearest `count` of some neighbours of `centre` that are listed by index; valid until the next call.
  std::span<const Neighbour> nearest_of(Index centre, std::span<const Neighbour> neighbours, Index count) {
    if (static_cast<Index>(neighbours.size()) <= count) return neighbours;
    // The best so far, ascending, by insertion; equal ones stay in the order of their indices.
    squares_.clear(), best_.clear();
    const auto most = static_cast<std::size_t>(count);
    for (const Neighbour& n : neighbours) {
      const double square = square_of(centre, n.index);
      squares_.push_back(square);
      if (best_.size() == most && !(square < best_.back().square)) continue;
      if (best_.size() < most) best_.push_back({});
      std::size_t p = best_.size() - 1;
      for (; p > 0 && best_[p - 1].square > square; --p) best_[p] = best_[p - 1];
      best_[p] = {square, n.index};
    }
    if (best_.empty()) return {};
    const auto [worst, last] = best_.back();
    chosen_.clear();
    for (std::size_t k = 0; k < squares_.size(); ++k)
      if (squares_[k] < worst || (squares_[k] == worst && neighbours[k].index <= last)) chosen_.push_back(neighbours[k]);
    return chosen_;
  }

private:
  struct Ranked {
    double square = 0;
    std::int32_t index = 0;
  };

  float at(Index i, Index c) const { return points_[static_cast<std::size_t>(3 * i + c)]; }
  double square_of(Index i, Index j) const {
    double sum = 0;
    for (Index c = 0; c < 3; ++c) {
      const double d = static_cast<double>(at(j, c)) - static_cast<double>(at(i, c));
      sum += d * d;
    }
    return sum;
  }

  // Cells of half the radius; wider ones where there would be too many of them for the points.
  void sort_into_cells() {
    const Index n = size(), most = (std::max)(Index{4096}, 32 * n);
    for (double edge = (std::max)(radius_ / 2, 1e-3);; edge *= 2) { // not below: numbers of cells have 32 bits
      reach_ = static_cast<Index>(std::ceil(radius_ / edge));
      for (Index c = 0; c < 3; ++c) cut(c, edge);
      if (fits(most)) break;
      for (Index c = 0; c < 3; ++c) close_gaps(c);
      if (fits(most)) break;
    }
    // Empty cells all around, so that no neighbour of a cell lies outside.
    wide_[0] = cells_[0] + 2 * reach_, wide_[1] = cells_[1] + 2 * reach_;
    const Index all = wide_[0] * wide_[1] * (cells_[2] + 2 * reach_);
    first_.assign(static_cast<std::size_t>(all) + 1, 0);
    cell_.resize(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < cell_.size(); ++i) {
      const Index cell = ((along_[2][i] + reach_) * wide_[1] + along_[1][i] + reach_) * wide_[0] + along_[0][i] + reach_;
      cell_[i] = static_cast<std::int32_t>(cell);
      ++first_[static_cast<std::size_t>(cell)];
    }
    std::int32_t sum = 0;
    for (auto& first : first_) sum += first, first = sum; // ends, which filling from the last point turns into begins
    order_.resize(cell_.size());
    for (auto& x : sorted_) x.resize(cell_.size());
    for (std::size_t i = cell_.size(); i-- > 0;) {
      const auto k = static_cast<std::size_t>(--first_[static_cast<std::size_t>(cell_[i])]);
      order_[k] = static_cast<std::int32_t>(i);
      for (std::size_t c = 0; c < 3; ++c) sorted_[c][k] = points_[3 * i + c];
    }
  }

  // Numbers of the cells along one axis, from 0.
  void cut(Index c, double edge) {
    auto& along = along_[static_cast<std::size_t>(c)];
    along.resize(static_cast<std::size_t>(size()));
    double low = size() > 0 ? static_cast<double>(at(0, c)) : 0;
    for (Index i = 0; i < size(); ++i) low = (std::min)(low, static_cast<double>(at(i, c)));
    std::int32_t last = 0;
    for (Index i = 0; i < size(); ++i) {
      const auto number = static_cast<std::int32_t>((static_cast<double>(at(i, c)) - low) / edge);
      along[static_cast<std::size_t>(i)] = number, last = (std::max)(last, number);
    }
    cells_[c] = last + 1;
  }
  // Far outliers: runs of empty slabs become as short as keeps apart what is apart.
  void close_gaps(Index c) {
    auto& along = along_[static_cast<std::size_t>(c)];
    std::vector<std::int32_t> used(along), now;
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    for (std::size_t k = 0; k < used.size(); ++k)
      now.push_back(k == 0 ? 0 : now[k - 1] + (std::min)(used[k] - used[k - 1], static_cast<std::int32_t>(reach_ + 1)));
    for (auto& number : along)
      number = now[static_cast<std::size_t>(std::lower_bound(used.begin(), used.end(), number) - used.begin())];
    cells_[c] = now.empty() ? 1 : now.back() + 1;
  }
  bool fits(Index most) const {
    double all = 1;
    for (Index count : cells_) all *= static_cast<double>(count + 2 * reach_);
    return all <= static_cast<double>(most);
  }

  // Appends the sorted places in [from, to) that are near (x, y, z) by float, which is right but for the last digits.
  void test(std::size_t from, std::size_t to, const float (&p)[3], float bound) {
    const float *x = sorted_[0].data(), *y = sorted_[1].data(), *z = sorted_[2].data();
    std::size_t hits = hits_;
    std::int32_t* hit = hit_.data();
    float* square = hit_square_.data();
    for (std::size_t k = from; k < to; ++k) {
      const float a = x[k] - p[0], b = y[k] - p[1], c = z[k] - p[2], d = a * a + b * b + c * c;
      hit[hits] = static_cast<std::int32_t>(k), square[hits] = d;
      hits += d <= bound ? 1u : 0u;
    }
    hits_ = hits;
  }

  // All neighbours within radius_, of every point by index: what a point finds is appended to the lists of the found ones, so
  // that every list is in the order of the points.
  void list_all() {
    const auto n = static_cast<std::size_t>(size());
    const double limit = radius_ * radius_;
    const float sure = static_cast<float>(limit * (1 - 1e-5)), bound = static_cast<float>(limit * (1 + 1e-5));
    hit_.resize(n + 1), hit_square_.resize(n + 1);
    rows_.clear();
    for (Index z = -reach_; z <= reach_; ++z)
      for (Index y = -reach_; y <= reach_; ++y) rows_.push_back((z * wide_[1] + y) * wide_[0]);
    begin_.assign(n + 1, 0);
    std::size_t count = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const float p[3] = {points_[3 * i], points_[3 * i + 1], points_[3 * i + 2]};
      hits_ = 0;
      for (const std::ptrdiff_t row : rows_) {
        const Index middle = cell_[i] + row;
        test(static_cast<std::size_t>(first_[static_cast<std::size_t>(middle - reach_)]),
             static_cast<std::size_t>(first_[static_cast<std::size_t>(middle + reach_ + 1)]), p, bound);
      }
      if (unordered_.size() < count + hits_) unordered_.resize((count + hits_) * 2 + 64);
      Neighbour* to = unordered_.data() + count;
      for (std::size_t h = 0; h < hits_; ++h) {
        const std::int32_t j = order_[static_cast<std::size_t>(hit_[h])];
        if (static_cast<std::size_t>(j) == i) continue;
        if (hit_square_[h] >= sure && !(square_of(static_cast<Index>(i), j) < limit)) continue;
        *to++ = {j, hit_square_[h]};
      }
      begin_[i + 1] = count = static_cast<std::size_t>(to - unordered_.data());
    }
    if (neighbours_.size() < count) neighbours_.resize(count);
    next_ = begin_;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = begin_[i]; k < begin_[i + 1]; ++k)
        neighbours_[next_[static_cast<std::size_t>(unordered_[k].index)]++] = {static_cast<std::int32_t>(i),
                                                                               unordered_[k].square};
  }

  // The same for one point and a larger radius.
  void look_around(Index centre, double radius) {
    const auto cells = static_cast<Index>(std::ceil(radius / radius_)) * reach_; // an edge is at least radius_ / reach_
    const auto i = static_cast<std::size_t>(centre);
    const float p[3] = {at(centre, 0), at(centre, 1), at(centre, 2)};
    hits_ = 0;
    const auto low = [&](std::size_t c) { return (std::max)(along_[c][i] - cells, Index{0}) + reach_; };
    const auto high = [&](std::size_t c) { return (std::min)(along_[c][i] + cells, cells_[c] - 1) + reach_; };
    for (Index z = low(2); z <= high(2); ++z)
      for (Index y = low(1); y <= high(1); ++y) {
        const Index row = (z * wide_[1] + y) * wide_[0];
        test(static_cast<std::size_t>(first_[static_cast<std::size_t>(row + low(0))]),
             static_cast<std::size_t>(first_[static_cast<std::size_t>(row + high(0) + 1)]), p,
             static_cast<float>(radius * radius * (1 + 1e-5)));
      }
    std::sort(hit_.begin(), hit_.begin() + static_cast<Index>(hits_), [this](std::int32_t a, std::int32_t b) {
      return order_[static_cast<std::size_t>(a)] < order_[static_cast<std::size_t>(b)];
    });
    for (std::size_t h = 0; h < hits_; ++h) {
      const std::int32_t j = order_[static_cast<std::size_t>(hit_[h])];
      const double square = square_of(centre, j);
      if (j != centre && square < radius * radius) found_.push_back({j, static_cast<float>(square)});
    }
  }

  std::span<const float> points_;
  double radius_ = 0;
  Index reach_ = 1;                                           // cells that a radius spans
  Index cells_[3] = {}, wide_[2] = {};                        // along the axes; the same with the empty ones
  std::vector<std::int32_t> along_[3], cell_, first_, order_; // cell of each point; first point of each cell; points by cell
  std::vector<float> sorted_[3];                              // coordinates by cell
  std::vector<std::int32_t> hit_;
  std::vector<float> hit_square_;
  std::size_t hits_ = 0;
  std::vector<std::ptrdiff_t> rows_;      // to the rows of cells around one
  std::vector<std::size_t> begin_, next_; // of each point's neighbours
  std::vector<Neighbour> neighbours_;     // of all points; may be longer
  std::vector<Neighbour> unordered_, found_, chosen_;
  std::vector<Ranked> best_;
  std::vector<double> squares_;
};

} // namespace pleat::inline v0_1

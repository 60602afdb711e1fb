#pragma once
/// \file  Exact neighbour search among points in space by a hashed cell list: linear in the number of points.

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
  double square = 0; ///< squared distance, in double from the float coordinates
};

/// Points sorted into cubic cells. Squared distances are computed in double from the float coordinates and compared strictly, so
/// that the answer depends neither on the instruction set nor on where the cells lie. Only cells that hold points exist: far
/// outliers cost nothing. Searches write into the object: one per thread.
class NeighbourSearch {
public:
  /// Points (n, 3); `edge` of a cell: best the radius of most searches. The points must outlive the search. Errors: coordinates
  /// that are no numbers or beyond 10^6 Angstrom.
  NeighbourSearch(std::span<const float> points, double edge) : points_(points), edge_(edge), scale_(1 / edge) {
    const Index n = size();
    std::size_t slots = 16;
    while (slots < static_cast<std::size_t>(2 * n)) slots *= 2;
    slots_.assign(slots, Slot{});
    std::vector<std::int32_t> cell_of(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) {
      for (Index c = 0; c < 3; ++c)
        require(std::abs(at(i, c)) < 1e6f, "point ", i, " has the coordinate ", at(i, c),
                "; neighbours are searched among finite coordinates below 10^6 Angstrom");
      Slot& slot = find(key_at(cell(i, 0), cell(i, 1), cell(i, 2)));
      if (slot.cell < 0) slot.cell = static_cast<std::int32_t>(begin_.size()), begin_.push_back(0);
      cell_of[static_cast<std::size_t>(i)] = slot.cell;
      ++begin_[static_cast<std::size_t>(slot.cell)];
    }
    std::int32_t sum = 0;
    for (auto& begin : begin_) sum += begin, begin = sum; // ends, which filling from the last point turns into begins
    begin_.push_back(sum);
    order_.resize(static_cast<std::size_t>(n));
    for (Index i = n - 1; i >= 0; --i)
      order_[static_cast<std::size_t>(--begin_[static_cast<std::size_t>(cell_of[static_cast<std::size_t>(i)])])] =
          static_cast<std::int32_t>(i);
  }

  Index size() const { return static_cast<Index>(points_.size()) / 3; }

  /// The points other than `centre` nearer than `radius`, by index. Valid until the next search.
  std::span<const Neighbour> within(Index centre, double radius) {
    if (centre == centre_ && radius == radius_) return found_;
    centre_ = centre, radius_ = radius;
    gather(centre, radius);
    const float x = at(centre, 0), y = at(centre, 1), z = at(centre, 2);
    // Float sorts out what is clearly too far: its squares are right to 10^-6.
    const float bound = static_cast<float>(radius * radius * (1 + 1e-5));
    const std::size_t padded = x_.size();
    for (std::size_t i = 0; i < padded; i += block)
      for (std::size_t k = i; k < i + block; ++k) {
        const float a = x_[k] - x, b = y_[k] - y, c = z_[k] - z;
        square_[k] = a * a + b * b + c * c;
      }
    std::size_t hits = 0;
    for (std::size_t i = 0; i < padded; ++i) hit_[hits] = index_[i], hits += square_[i] <= bound ? 1u : 0u;
    std::sort(hit_.begin(), hit_.begin() + static_cast<Index>(hits));
    found_.clear();
    for (std::size_t h = 0; h < hits; ++h) {
      const Index i = hit_[h];
      const double square = square_of(centre, i);
      if (square < radius * radius && i != centre) found_.push_back({hit_[h], square});
    }
    return found_;
  }

  /// The `count` points nearest to `centre` (all, if there are fewer), the lower index first where distances are equal; listed by
  /// index. Valid until the next search.
  std::span<const Neighbour> nearest(Index centre, Index count) {
    double radius = edge_;
    while (static_cast<Index>(within(centre, radius).size()) < (std::min)(count, size() - 1)) radius *= 2;
    return nearest_of(found_, count);
  }

  /// The nearest `count` of some neighbours that are listed by index; valid until the next call.
  std::span<const Neighbour> nearest_of(std::span<const Neighbour> neighbours, Index count) {
    if (static_cast<Index>(neighbours.size()) <= count) return neighbours;
    chosen_.assign(neighbours.begin(), neighbours.end());
    const auto nearer = [](const Neighbour& a, const Neighbour& b) {
      return a.square != b.square ? a.square < b.square : a.index < b.index;
    };
    std::nth_element(chosen_.begin(), chosen_.begin() + count, chosen_.end(), nearer);
    chosen_.resize(static_cast<std::size_t>(count));
    std::sort(chosen_.begin(), chosen_.end(), [](const Neighbour& a, const Neighbour& b) { return a.index < b.index; });
    return chosen_;
  }

private:
  static constexpr std::size_t block = 8; // candidates that compilers turn into vectors without being asked
  struct Slot {
    std::uint64_t key = 0;
    std::int32_t cell = -1;
  };

  float at(Index i, Index c) const { return points_[static_cast<std::size_t>(3 * i + c)]; }
  Index cell(Index i, Index c) const { return static_cast<Index>(std::floor(static_cast<double>(at(i, c)) * scale_)); }
  double square_of(Index i, Index j) const {
    double sum = 0;
    for (Index c = 0; c < 3; ++c) {
      const double d = static_cast<double>(at(j, c)) - static_cast<double>(at(i, c));
      sum += d * d;
    }
    return sum;
  }

  static std::uint64_t key_at(Index x, Index y, Index z) {
    constexpr std::uint64_t mask = (1u << 21) - 1;
    return (static_cast<std::uint64_t>(x) & mask) << 42 | (static_cast<std::uint64_t>(y) & mask) << 21 |
           (static_cast<std::uint64_t>(z) & mask);
  }
  // The slot of a cell, or the free one where it would be.
  Slot& find(std::uint64_t key) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> 32) & mask;
    while (slots_[at].cell >= 0 && slots_[at].key != key) at = (at + 1) & mask;
    slots_[at].key = key;
    return slots_[at];
  }

  // Copies the points of all cells that a ball about `centre` can reach, and pads them with points that are nowhere.
  void gather(Index centre, double radius) {
    const Index x = cell(centre, 0), y = cell(centre, 1), z = cell(centre, 2);
    const Index reach = static_cast<Index>(std::ceil(radius * scale_));
    if (x == cell_x_ && y == cell_y_ && z == cell_z_ && reach == reach_) return; // as for the point before
    cell_x_ = x, cell_y_ = y, cell_z_ = z, reach_ = reach;
    x_.clear(), y_.clear(), z_.clear(), index_.clear();
    const double side = 2 * static_cast<double>(reach) + 1;
    if (side * side * side > static_cast<double>(size()) + 27) {
      take(0, static_cast<std::size_t>(size()));
    } else {
      for (Index i = x - reach; i <= x + reach; ++i)
        for (Index j = y - reach; j <= y + reach; ++j)
          for (Index k = z - reach; k <= z + reach; ++k) {
            const Slot& slot = find(key_at(i, j, k));
            if (slot.cell < 0) continue;
            const auto c = static_cast<std::size_t>(slot.cell);
            take(static_cast<std::size_t>(begin_[c]), static_cast<std::size_t>(begin_[c + 1]));
          }
    }
    while (x_.size() % block != 0) x_.push_back(NAN), y_.push_back(NAN), z_.push_back(NAN), index_.push_back(-1);
    square_.resize(x_.size()), hit_.resize(x_.size() + 1);
  }
  void take(std::size_t from, std::size_t to) {
    for (std::size_t k = from; k < to; ++k) {
      const Index i = order_[k];
      x_.push_back(at(i, 0)), y_.push_back(at(i, 1)), z_.push_back(at(i, 2)), index_.push_back(order_[k]);
    }
  }

  std::span<const float> points_;
  double edge_, scale_;
  std::vector<Slot> slots_;
  std::vector<std::int32_t> begin_, order_; // of cells, in order of their first points; points by cell
  Index cell_x_ = 0, cell_y_ = 0, cell_z_ = 0, reach_ = -1;
  std::vector<float> x_, y_, z_, square_; // of the gathered points
  std::vector<std::int32_t> index_, hit_;
  Index centre_ = -1;
  double radius_ = -1;
  std::vector<Neighbour> found_, chosen_;
};

} // namespace pleat::inline v0_1

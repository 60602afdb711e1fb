#pragma once
/// \file  Means over listed rows on CUDA. A row may be in several groups: the host sorts the groups of each row, so that
/// gradients are sums in their order.

#include <vector>

#include <pleat/backend/cuda/listed_rows.hpp>
#include <pleat/ops/group_mean.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a member: a stride and its number; a group: a stride and an offset.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    group_mean_forward(const T* x, const Index* begin, const std::int32_t* member, T* y, const Index* groups) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index g = Team::row();
  if (g >= *groups) return;
  const Index first = begin[g], last = begin[g + 1];
  typename Team::Values sum{};
  add_rows<Team>(sum, first, last, [&](Index k) { return Team::read(x + member[k] * Team::stride); });
  const A members = last > first ? static_cast<A>(last - first) : A(1);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) sum.at[i] /= members;
  Team::write(y + g * Team::stride, sum);
}
// Row r is in the groups group[at[r]], ... before group[at[r + 1]]. Bytes a member: a stride and 4 numbers; a row: a stride.
template <class T, Index Width>
__global__ void __launch_bounds__(256) group_mean_backward(const T* dy, const Index* begin, const std::int32_t* group,
                                                           const std::int32_t* at, T* dx, const Index* rows, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= *rows) return;
  typename Team::Values sum{};
  add_rows<Team>(sum, at[r], at[r + 1], [&](Index k) {
    const Index g = group[k];
    auto v = Team::read(dy + g * Team::stride);
    const A members = static_cast<A>(begin[g + 1] - begin[g]);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) v.at[i] /= members;
    return v;
  });
  Team::contribute(dx + r * Team::stride, sum, accumulate);
}

} // namespace cuda

template <> struct kernel<group_mean_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const group_mean_op::Forward<T>& a) {
      const RowGroups& g = a.groups;
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(g.groups()), cuda::group_mean_forward<T, Width>, a.x, begin_of(cuda, g),
                   cuda.stream->view(g.member.data(), static_cast<Index>(g.member.size())), a.y, cuda.stream->count(g.groups()));
    }
    template <class T> static void backward(const Cuda& cuda, const group_mean_op::Backward<T>& a) {
      if (a.rows == 0) return;
      const RowGroups& g = a.groups;
      std::vector<std::int32_t> group(g.member.size()), at(static_cast<std::size_t>(a.rows) + 1);
      for (const std::int32_t row : g.member) ++at[static_cast<std::size_t>(row) + 1];
      for (std::size_t r = 0; r < static_cast<std::size_t>(a.rows); ++r) at[r + 1] += at[r];
      auto next = at;
      for (Index i = 0; i < g.groups(); ++i)
        for (Index k = g.begin[static_cast<std::size_t>(i)]; k < g.begin[static_cast<std::size_t>(i) + 1]; ++k) {
          const auto row = static_cast<std::size_t>(g.member[static_cast<std::size_t>(k)]);
          group[static_cast<std::size_t>(next[row]++)] = static_cast<std::int32_t>(i);
        }
      const std::int32_t* const sorted =
          group.empty() ? nullptr : cuda.stream->send(group.data(), static_cast<Index>(group.size()));
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::group_mean_backward<T, Width>, a.dy, begin_of(cuda, g),
                   sorted, cuda.stream->send(at.data(), a.rows + 1, capacity_of(a.rows) + 1), a.dx, cuda.stream->count(a.rows),
                   a.accumulate);
    }

  private:
    static const Index* begin_of(const Cuda& cuda, const RowGroups& groups) {
      return cuda.stream->view(groups.begin.data(), static_cast<Index>(groups.begin.size()), capacity_of(groups.groups()) + 1);
    }
  };
};

} // namespace pleat::inline v0_1

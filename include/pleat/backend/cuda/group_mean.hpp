#pragma once
/// \file  Means over listed rows on CUDA. A row may be in several groups: the groups of each row are sorted, so that gradients
/// are sums in their order.

#include <pleat/backend/cuda/listed_rows.hpp>
#include <pleat/backend/cuda/segments.hpp>
#include <pleat/backend/cuda/sort.hpp>
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
// The pairs to sort, for the capacity of a member count: the row of a member, and its group. Bytes a member: its number, a key
// and a number; offsets from the cache.
template <class Offset> // a template, so that sources may share it
__global__ void __launch_bounds__(256)
    key_of_members(const std::int32_t* member, const Offset* begin, std::uint32_t* keys, std::int32_t* numbers,
                   const Index* group_count, Index rows, Index capacity) {
  const Index k = global_thread(), groups = *group_count;
  if (k >= capacity) return;
  const bool is_there = k < begin[groups];
  keys[k] = static_cast<std::uint32_t>(is_there ? member[k] : rows);
  numbers[k] = static_cast<std::int32_t>(is_there ? sequence_of(begin, groups, k) : 0);
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
      const auto members = static_cast<Index>(g.member.size()), capacity = capacity_of(members), lists = capacity_of(a.rows);
      const Index *const begin = begin_of(cuda, g), *const groups = cuda.stream->count(g.groups());
      const auto of_rows = cuda::make_lists(cuda, capacity, lists, 0, [&](std::uint32_t* keys, std::int32_t* numbers) {
        cuda::launch(cuda, cuda::bucket_grid(members), cuda::key_of_members<Index>, cuda.stream->view(g.member.data(), members),
                     begin, keys, numbers, groups, lists, capacity);
      });
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::group_mean_backward<T, Width>, a.dy, begin, of_rows.order,
                   of_rows.begin, a.dx, cuda.stream->count(a.rows), a.accumulate);
    }

  private:
    static const Index* begin_of(const Cuda& cuda, const RowGroups& groups) {
      return cuda.stream->view(groups.begin.data(), static_cast<Index>(groups.begin.size()), capacity_of(groups.groups()) + 1);
    }
  };
};

} // namespace pleat::inline v0_1

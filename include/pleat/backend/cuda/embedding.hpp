#pragma once
/// \file  Table look-up on CUDA.

#include <pleat/backend/cuda/grouped_rows.hpp>
#include <pleat/ops/embedding.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row: 2 strides and a token.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    embedding_forward(const T* table, const std::uint8_t* tokens, T* y, const Index* row_count) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r < rows) Team::write(y + r * Team::stride, Team::read(table + tokens[r] * Team::stride));
}

} // namespace cuda

template <> struct kernel<embedding_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const embedding_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::embedding_forward<T, Width>, a.table,
                   cuda.stream->view(a.tokens, a.rows), a.y, cuda.stream->count(a.rows));
    }
    template <class T> static void backward(const Cuda& cuda, const embedding_op::Backward<T>& a) {
      constexpr Index stride = stride_of(Width);
      const auto rows = cuda::grouped_rows<cuda::GroupBy::Token>(cuda, a.tokens, a.rows, a.vocabulary);
      cuda::launch(cuda, cuda::grouped_grid<stride>(a.vocabulary), cuda::add_group_sums<T, stride>, a.dy, rows.order, rows.begin,
                   a.dtable);
    }
  };
};

} // namespace pleat::inline v0_1

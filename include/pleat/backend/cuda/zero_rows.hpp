#pragma once
/// \file  Rows of zeros on CUDA.

#include <pleat/backend/cuda/stream.hpp>
#include <pleat/ops/zero_rows.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<zero_rows_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const zero_rows_op::Forward<T>& a) {
      if (a.elements > 0) // the block has the capacity of its rows
        cuda.stream->zero(a.y, capacity_of(a.elements / stride_of(Width)) * stride_of(Width) * static_cast<Index>(sizeof(T)));
    }
  };
};

} // namespace pleat::inline v0_1

#pragma once
/// \file  Rows of a table looked up by token number.

#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

struct embedding_op {
  template <class T> struct Forward {
    const T* table;             // (vocabulary, stride_of(width))
    const std::uint8_t* tokens; // (rows)
    T* y;                       // (rows, stride_of(width))
    Index rows, width;
  };
  template <class T> struct Backward {
    const T* dy;                // (rows, stride_of(width))
    const std::uint8_t* tokens; // (rows)
    T* dtable;                  // (vocabulary, stride_of(width)), added to
    T* partial;                 // (vocabulary, stride_of(width)), scratch
    Index rows, width, vocabulary;
  };
};

/// y_i = table[tokens[i]]: (tokens, Width) from a table (Vocabulary, Width). `tokens` must outlive the pass. A token outside the
/// table is an error.
template <class Context, Index Vocabulary, Index Width>
constexpr Rows<Context, Width, Token> embedding(Context& run, const Matrix<Vocabulary, Width>& table,
                                                std::span<const std::uint8_t> tokens) {
  using T = typename Context::Stream;
  const Index count = static_cast<Index>(tokens.size());
  auto y = run.template rows<Width, Token>(count);
  run.count(0, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes) {
    if constexpr (Vocabulary < 256)
      for (std::size_t i = 0; i < tokens.size(); ++i)
        if (tokens[i] >= Vocabulary)
          fail("token ", static_cast<int>(tokens[i]), " at row ", i, " of the batch is not in a table of ", Vocabulary,
               " tokens: encode the sequences with the alphabet of the model");
    KernelOf<embedding_op, Context, Width>::forward(
        run.device(), embedding_op::Forward<T>{run.data(table), tokens.data(), y.data(), count, Width});
  }
  if constexpr (Context::records) {
    if (run.trains(table)) {
      struct Backward {
        Matrix<Vocabulary, Width> table;
        std::span<const std::uint8_t> tokens;
        int output;
        Index count;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, Token>(output, count);
          if (!dy) return;
          auto partial = run.template buffer<T>(Vocabulary * stride_of(Width));
          if constexpr (Context::computes)
            KernelOf<embedding_op, Context, Width>::backward(
                run.device(), embedding_op::Backward<T>{dy.data(), tokens.data(), run.gradient(table), run.data(partial), count,
                                                        Width, Vocabulary});
        }
      };
      run.want(y);
      run.record(Backward{table, tokens, y.value(), count});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1

#pragma once
/// \file  Where a model's tensors live: names, shapes and offsets from one walk over the model's constructors.

#include <string>
#include <vector>

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// What a tensor is to training. `Trained` has gradient, moments, decay and EMA; `Frozen` is a parameter without them; `State` is
/// saved but not trained (running statistics, standardiser, sampler histories).
enum class Store : unsigned char { Trained, Frozen, State };
inline constexpr Index store_count = 3;

/// Initial law of a tensor: a constant, or a normal of the given standard deviation.
struct Init {
  double constant = 0;
  double deviation = 0;     ///< 0: constant
  bool over_fan_in = false; ///< deviation is divided by sqrt(columns)
};
namespace init {
inline constexpr Init zero{};
inline constexpr Init one{.constant = 1};
inline constexpr Init lecun{.deviation = 1, .over_fan_in = true}; ///< normal of deviation 1 / sqrt(columns)
constexpr Init normal(double deviation) { return {.deviation = deviation}; }
constexpr Init constant(double value) { return {.constant = value}; }
} // namespace init

/// Whether AdamW's decoupled decay applies.
enum class Decay : unsigned char { yes, no };

/// Whether matrix products read the tensor (it then has a prepared form) or rows are looked up in it.
enum class Use : unsigned char { Product, Table, Vector };

/// Handle of a matrix (out, in): row-major with rows `stride_of(In)` apart. Holds no data, only where it is.
template <Index Out, Index In> struct Matrix {
  static constexpr Index out = Out, in = In, stride = stride_of(In);
  Index offset = 0; ///< elements from the start of its store
  int product = -1; ///< number among the matrices that products read
  Store store = Store::Trained;
};

/// Handle of a vector (width).
template <Index Width> struct Vector {
  static constexpr Index width = Width;
  Index offset = 0;
  Store store = Store::Trained;
};

class Layout;

/// One tensor as the walk meets it; `path` is valid during the call only.
struct TensorSite {
  const Layout* path = nullptr;
  const char* name = "";
  Index rows = 1, columns = 0;
  bool matrix = false; ///< false: a vector of `columns` elements
  Index offset = 0;    ///< elements
  Store store = Store::Trained;
  Init init{};
  Decay decay = Decay::yes;
  Use use = Use::Product;
  int product = -1;
};

/// Running totals of the walk.
struct LayoutTotals {
  Index size[store_count] = {};  ///< elements, with strides and alignment
  Index count[store_count] = {}; ///< elements that carry a value
  int products = 0, tensors = 0;
  void* visitor_state = nullptr;
  void (*visitor)(void*, const TensorSite&) = nullptr;
};

/// Cursor handed to constructors: `at.matrix<Out, In>("weight", init::lecun)` places a tensor, `at / "attention"` names a part,
/// `at / i` a repeated block, `at.frozen()` a part that is not trained. Parts refer to their parent: pass a Layout down, never
/// store it.
class Layout {
public:
  constexpr explicit Layout(LayoutTotals& totals) : totals_(&totals) {}

  constexpr Layout operator/(const char* name) const { return Layout(*this, name, -1); }
  constexpr Layout operator/(Index number) const { return Layout(*this, nullptr, number); }
  constexpr Layout frozen() const {
    Layout child = *this;
    child.frozen_ = true;
    return child;
  }

  template <Index Out, Index In> constexpr Matrix<Out, In> matrix(const char* name, Init law, Decay decay = Decay::yes) const {
    static_assert(Out > 0 && In > 0, "pleat: a matrix needs at least one row and one column; check the widths of the model.");
    return place<Out, In>(name, law, decay, Use::Product, totals_->products++);
  }
  /// A matrix whose rows are looked up (embeddings): no prepared form.
  template <Index Out, Index In> constexpr Matrix<Out, In> table(const char* name, Init law, Decay decay = Decay::no) const {
    return place<Out, In>(name, law, decay, Use::Table, -1);
  }
  template <Index Width> constexpr Vector<Width> vector(const char* name, Init law, Decay decay = Decay::no) const {
    static_assert(Width > 0, "pleat: a vector needs at least one element; check the widths of the model.");
    TensorSite site = advance(1, Width, store(), Use::Vector, law, decay, name, -1);
    return {site.offset, site.store};
  }
  /// State tensors (rows, width): saved with the model, proposed by ops, committed once a step.
  template <Index Rows, Index Width> constexpr Matrix<Rows, Width> state(const char* name, Init law) const {
    TensorSite site = advance(Rows, Width, Store::State, Use::Table, law, Decay::no, name, -1);
    return {site.offset, -1, Store::State};
  }

  /// Dotted name of a tensor below this part, for example `layers.0.attention.query.weight`.
  std::string name_of(const char* tensor) const {
    std::string path = parent_ != nullptr ? parent_->name_of("") : std::string();
    if (name_ != nullptr) path += name_, path += '.';
    if (number_ >= 0) path += std::to_string(number_), path += '.';
    return path + tensor;
  }

private:
  constexpr Layout(const Layout& parent, const char* name, Index number)
      : totals_(parent.totals_), parent_(&parent), name_(name), number_(number), frozen_(parent.frozen_) {}

  constexpr Store store() const { return frozen_ ? Store::Frozen : Store::Trained; }

  template <Index Out, Index In>
  constexpr Matrix<Out, In> place(const char* name, Init law, Decay decay, Use use, int product) const {
    TensorSite site = advance(Out, In, store(), use, law, decay, name, product);
    return {site.offset, product, site.store};
  }

  constexpr TensorSite advance(Index rows, Index columns, Store where, Use use, Init law, Decay decay, const char* name,
                               int product) const {
    const auto s = static_cast<Index>(where);
    TensorSite site{this, name, rows, columns, use != Use::Vector, totals_->size[s], where, law, decay, use, product};
    totals_->size[s] += round_up(rows * stride_of(columns), alignment / 4);
    totals_->count[s] += rows * columns;
    ++totals_->tensors;
    if (totals_->visitor != nullptr) totals_->visitor(totals_->visitor_state, site);
    return site;
  }

  LayoutTotals* totals_;
  const Layout* parent_ = nullptr;
  const char* name_ = nullptr;
  Index number_ = -1;
  bool frozen_ = false;
};

namespace detail {
template <class Model> constexpr LayoutTotals totals_of() {
  LayoutTotals totals;
  [[maybe_unused]] Model model{Layout(totals)};
  return totals;
}
template <class Model> constexpr Model place_model() {
  LayoutTotals totals;
  return Model{Layout(totals)};
}
} // namespace detail

/// Totals of a model's layout, known at compile time.
template <class Model> inline constexpr LayoutTotals layout_totals = detail::totals_of<Model>();
/// The model object itself: nothing but the places of its tensors.
template <class Model> inline constexpr Model model_of = detail::place_model<Model>();
/// Number of parameters, trained and frozen (state is not a parameter).
template <class Model> inline constexpr Index parameter_count = layout_totals<Model>.count[0] + layout_totals<Model>.count[1];
/// Number of parameters that training changes.
template <class Model> inline constexpr Index trainable_count = layout_totals<Model>.count[0];

/// One tensor of a model, by name (run time).
struct TensorPlace {
  std::string name;
  Index rows = 1, columns = 0;
  bool matrix = false;
  Index offset = 0;
  Store store = Store::Trained;
  Init init{};
  Decay decay = Decay::yes;
  Use use = Use::Product;
  int product = -1;
};

/// All tensors of a model in the order of its constructors.
template <class Model> std::vector<TensorPlace> tensors_of() {
  std::vector<TensorPlace> places;
  LayoutTotals totals;
  totals.visitor_state = &places;
  totals.visitor = [](void* state, const TensorSite& site) {
    static_cast<std::vector<TensorPlace>*>(state)->push_back({site.path->name_of(site.name), site.rows, site.columns, site.matrix,
                                                              site.offset, site.store, site.init, site.decay, site.use,
                                                              site.product});
  };
  [[maybe_unused]] Model model{Layout(totals)};
  return places;
}

} // namespace pleat::inline v0_1

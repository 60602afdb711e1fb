#pragma once
/// \file  The values of a model on a device: stores, gradients and the prepared forms of its matrices.

#include <algorithm>
#include <vector>

#include <pleat/core/arena.hpp>
#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

/// Kernel seam of prepared forms: `size<T>(out, in)` elements, and `run(device, form, weight, out, in, transposed)`.
struct prepare_op {};

/// Owns the master values of a model (trained, frozen, state), the gradients of the trained ones, and for each matrix that
/// products read up to two prepared forms (for y = x W^T and for dx = dy W), stamped with the version of the values they were
/// made of.
template <class ModelType, class DevicePolicy, class PrecisionPolicy = Float32> class Parameters {
public:
  using Model = ModelType;
  using Device = DevicePolicy;
  using Precision = PrecisionPolicy;
  using Parameter = typename Precision::Parameter;
  using Operand = typename Precision::Operand;

  /// All zero; call `initialise` or load a checkpoint.
  explicit Parameters(Device device) : device_(device), places_(tensors_of<Model>()) {
    for (Index s = 0; s < store_count; ++s) {
      store_[s].grow(bytes(s));
      if (store_[s].size() > 0) std::memset(store_[s].data(), 0, static_cast<std::size_t>(store_[s].size()));
    }
    for (const TensorPlace& place : places_) {
      if (place.product < 0) continue;
      if (matrices_.size() <= static_cast<std::size_t>(place.product))
        matrices_.resize(static_cast<std::size_t>(place.product) + 1);
      matrices_[static_cast<std::size_t>(place.product)] = {place.rows, place.columns, place.offset, place.store, {0, 0}};
    }
  }
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  /// Draws every tensor from its initial law; a tensor's values depend on the seed and its place in the model.
  void initialise(std::uint64_t seed) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const TensorPlace& place = places_[i];
      double deviation = place.init.deviation;
      if (place.init.over_fan_in) deviation /= std::sqrt(static_cast<double>(place.columns));
      Parameter* values = data(place);
      device_.parallel_for(place.rows, [&](Index r) {
        Philox draws(seed, i);
        draws.seek(static_cast<std::uint64_t>(r * place.columns) * 4); // a normal takes four words
        for (Index c = 0; c < place.columns; ++c)
          values[r * stride_of(place.columns) + c] =
              static_cast<Parameter>(place.init.constant + (deviation > 0 ? deviation * draws.normal() : 0.0));
      });
    }
    changed();
  }

  const std::vector<TensorPlace>& tensors() const { return places_; }
  /// First element of a tensor, rows `stride_of(columns)` apart with zero tails. Call `changed` after writing.
  Parameter* data(const TensorPlace& place) { return store(place.store) + place.offset; }
  const Parameter* data(const TensorPlace& place) const { return const_cast<Parameters*>(this)->data(place); }

  /// A whole store as a flat array of `size(s)` elements.
  Parameter* store(Store s) { return reinterpret_cast<Parameter*>(store_[static_cast<int>(s)].data()); }
  const Parameter* store(Store s) const { return const_cast<Parameters*>(this)->store(s); }
  static constexpr Index size(Store s) { return layout_totals<Model>.size[static_cast<int>(s)]; }

  /// Gradients of the trained store, allocated (as zeros) when first asked for.
  Parameter* gradients() {
    if (gradient_.size() == 0) {
      gradient_.grow(bytes(0));
      zero_gradients();
    }
    return reinterpret_cast<Parameter*>(gradient_.data());
  }
  void zero_gradients() {
    if (gradient_.size() > 0) std::memset(gradient_.data(), 0, static_cast<std::size_t>(gradient_.size()));
  }

  /// To be called after the values change: prepared forms are made anew when next read.
  void changed() { ++version_; }

  /// Makes all prepared forms of the inference pass now, so that passes on several threads can share this object.
  void prepare_for_inference() {
    for (int i = 0; i < static_cast<int>(matrices_.size()); ++i) prepare(i, false);
  }

  /// The views a pass needs. With gradients for training.
  Values<Precision> values(bool with_gradients = false) {
    return {{store(Store::Trained), store(Store::Frozen), store(Store::State)},
            with_gradients ? gradients() : nullptr,
            this,
            [](void* self, int product, bool transposed) -> const void* {
              return static_cast<Parameters*>(self)->prepare(product, transposed);
            }};
  }

  /// Bytes of values and prepared forms, and with training also of gradients: what `Plan` and `inspect` report.
  static Index memory(bool training) {
    Index total = 0;
    for (Index s = 0; s < store_count; ++s) total += bytes(s);
    if (training) total += bytes(0);
    for (const TensorPlace& place : tensors_of<Model>())
      if (place.product >= 0) {
        const Index form = form_bytes(place.rows, place.columns, false), back = form_bytes(place.rows, place.columns, true);
        total += form + (training && place.store == Store::Trained ? back : 0);
      }
    return total;
  }
  /// Bytes held now.
  Index held() const {
    Index total = gradient_.size();
    for (const HostMemory& memory : store_) total += memory.size();
    for (const HostMemory& form : forms_) total += form.size();
    return total;
  }

  const Device& device() const { return device_; }

private:
  struct MatrixForms {
    Index out = 0, in = 0, offset = 0;
    Store store = Store::Trained;
    std::uint64_t version[2] = {0, 0};
  };

  static constexpr Index bytes(Index s) {
    return round_up(layout_totals<Model>.size[s] * static_cast<Index>(sizeof(Parameter)), alignment);
  }
  static Index form_bytes(Index out, Index in, bool transposed) {
    return round_up(kernel<prepare_op, Device>::template size<Operand>(transposed ? in : out, transposed ? out : in) *
                        static_cast<Index>(sizeof(Operand)),
                    alignment);
  }

  const void* prepare(int product, bool transposed) {
    MatrixForms& forms = matrices_[static_cast<std::size_t>(product)];
    if (forms_.size() < 2 * matrices_.size()) forms_.resize(2 * matrices_.size());
    HostMemory& form = forms_[2 * static_cast<std::size_t>(product) + (transposed ? 1 : 0)];
    if (forms.version[transposed] != version_) {
      form.grow(form_bytes(forms.out, forms.in, transposed));
      kernel<prepare_op, Device>::template run<Operand>(device_, reinterpret_cast<Operand*>(form.data()),
                                                        store(forms.store) + forms.offset, forms.out, forms.in, transposed);
      forms.version[transposed] = version_;
    }
    return form.data();
  }

  Device device_;
  std::vector<TensorPlace> places_;
  std::vector<MatrixForms> matrices_; // by product number
  HostMemory store_[store_count];
  HostMemory gradient_;
  std::vector<HostMemory> forms_; // two for each product
  std::uint64_t version_ = 1;
};

} // namespace pleat::inline v0_1

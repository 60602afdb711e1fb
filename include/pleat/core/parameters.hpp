#pragma once
/// \file  The values of a model on a device: stores, gradients and the prepared forms of its matrices.

#include <algorithm>
#include <vector>

#include <pleat/core/mirrored.hpp>
#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

/// Kernel seam of prepared forms: `size<T>(out, in)` elements, and `run(device, form, weight, out, in, transposed)`. A size of 0
/// says that products read the master values. Where operands are narrower they read a rounded copy of the whole store instead:
/// round(device, copy, values, count).
struct prepare_op {};

/// Owns the master values of a model (trained, frozen, state), the gradients of the trained ones, and for each matrix that
/// products read up to two prepared forms (for y = x W^T and for dx = dy W), stamped with the version of the values they were
/// made of.
template <class ModelType, class DevicePolicy, class PrecisionPolicy = Float32> class Parameters {
public:
  static_assert(detail::require_precision<DevicePolicy, PrecisionPolicy>());
  using Model = ModelType;
  using Device = DevicePolicy;
  using Precision = PrecisionPolicy;
  using Parameter = typename Precision::Parameter;
  using Operand = typename Precision::Operand;

  /// All zero; call `initialise` or load a checkpoint.
  explicit Parameters(Device device)
      : device_(device), places_(tensors_of<Model>()), store_{values_of(0), values_of(1), values_of(2)},
        gradient_(0, memory_of(device)) {
    static_assert(store_count == 3);
    if constexpr (rounds_operands<Precision>)
      for (Index s = 0; s < rounded_stores; ++s) {
        rounded_.emplace_back(memory_of(device));
        rounded_.back().grow(rounded_bytes(s));
        rounded_.back().zero();
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

  /// A whole store as a flat array of `size(s)` elements, for the host: valid until the next step; call `changed` after writing.
  Parameter* store(Store s) { return store_[static_cast<int>(s)].host(); }
  const Parameter* store(Store s) const { return const_cast<Parameters*>(this)->store(s); }
  /// The same where the device computes with it.
  Parameter* on_device(Store s) { return store_[static_cast<int>(s)].device(); }
  /// What products read of a store where operands are narrower, else null; on the device. Nobody multiplies state.
  Operand* rounded(Store s) {
    if constexpr (rounds_operands<Precision>)
      return s == Store::State ? nullptr : reinterpret_cast<Operand*>(rounded_[static_cast<std::size_t>(s)].data());
    else
      return nullptr;
  }
  static constexpr Index size(Store s) { return layout_totals<Model>.size[static_cast<int>(s)]; }

  /// Gradients of the trained store for the host, allocated (as zeros) when first asked for.
  Parameter* gradients() {
    gradients_on_device();
    gradient_.device_changed(); // passes write them unseen
    return gradient_.host();
  }
  Parameter* gradients_on_device() {
    if (gradient_.size() == 0) gradient_.resize(size(Store::Trained));
    return gradient_.device();
  }
  void zero_gradients() {
    if (gradient_.size() > 0) gradient_.zero();
  }

  /// To be called after the host changed values: the device gets them, and prepared forms are made anew when next read.
  void changed() {
    for (auto& store : store_) store.host_changed();
    if constexpr (rounds_operands<Precision>)
      for (std::size_t s = 0; s < rounded_stores; ++s)
        kernel<prepare_op, Device>::round(device_, rounded(static_cast<Store>(s)), store_[s].device(), store_[s].size());
    ++version_;
  }
  /// The same after the device changed them, and with them what is `rounded`.
  void changed_on_device() {
    for (auto& store : store_) store.device_changed();
    ++version_;
  }

  /// Makes all prepared forms of the inference pass now, so that passes on several threads can share this object.
  void prepare_for_inference() {
    for (int i = 0; i < static_cast<int>(matrices_.size()); ++i) prepare(i, false);
  }

  /// The views a pass needs. With gradients for training.
  Values<Precision> values(bool with_gradients = false) {
    const auto operands = [this](Store s) {
      return rounds_operands<Precision> ? rounded(s) : static_cast<const Operand*>(static_cast<const void*>(on_device(s)));
    };
    return {{on_device(Store::Trained), on_device(Store::Frozen), on_device(Store::State)},
            {operands(Store::Trained), operands(Store::Frozen), operands(Store::State)},
            with_gradients ? gradients_on_device() : nullptr,
            this,
            [](void* self, int product, bool transposed) -> const void* {
              return static_cast<Parameters*>(self)->prepare(product, transposed);
            }};
  }

  /// Bytes of values and prepared forms, and with training also of gradients: what `Plan` and `inspect` report.
  static Index memory(bool training) {
    Index total = 0;
    for (Index s = 0; s < store_count; ++s) total += bytes(s);
    for (Index s = 0; s < rounded_stores; ++s) total += rounded_bytes(s);
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
    Index total = gradient_.size() > 0 ? bytes(0) : 0;
    for (Index s = 0; s < store_count; ++s) total += bytes(s);
    for (const auto& form : forms_) total += form.size();
    for (const auto& copy : rounded_) total += copy.size();
    return total;
  }

  const Device& device() const { return device_; }

private:
  struct MatrixForms {
    Index out = 0, in = 0, offset = 0;
    Store store = Store::Trained;
    std::uint64_t version[2] = {0, 0};
  };

  Mirrored<Parameter, MemoryOf<Device>> values_of(Index s) {
    return Mirrored<Parameter, MemoryOf<Device>>(layout_totals<Model>.size[s], memory_of(device_));
  }
  static constexpr Index bytes(Index s) {
    return round_up(layout_totals<Model>.size[s] * static_cast<Index>(sizeof(Parameter)), alignment);
  }
  static constexpr Index rounded_stores = 2; // trained and frozen
  static_assert(static_cast<Index>(Store::State) == rounded_stores);
  static constexpr Index rounded_bytes(Index s) {
    return rounds_operands<Precision> ? round_up(layout_totals<Model>.size[s] * static_cast<Index>(sizeof(Operand)), alignment)
                                      : 0;
  }
  static Index form_bytes(Index out, Index in, bool transposed) {
    return round_up(kernel<prepare_op, Device>::template size<Operand>(transposed ? in : out, transposed ? out : in) *
                        static_cast<Index>(sizeof(Operand)),
                    alignment);
  }

  const void* prepare(int product, bool transposed) {
    if constexpr (rounds_operands<Precision>) return nullptr; // Pass::prepared does not ask
    MatrixForms& forms = matrices_[static_cast<std::size_t>(product)];
    const Parameter* master = on_device(forms.store) + forms.offset;
    const Index bytes_needed = form_bytes(forms.out, forms.in, transposed);
    if (bytes_needed == 0) return master;
    while (forms_.size() < 2 * matrices_.size()) forms_.emplace_back(memory_of(device_));
    auto& form = forms_[2 * static_cast<std::size_t>(product) + (transposed ? 1 : 0)];
    if (forms.version[transposed] != version_) {
      form.grow(bytes_needed);
      kernel<prepare_op, Device>::template run<Operand>(device_, reinterpret_cast<Operand*>(form.data()), master, forms.out,
                                                        forms.in, transposed);
      forms.version[transposed] = version_;
    }
    return form.data();
  }

  Device device_;
  std::vector<TensorPlace> places_;
  std::vector<MatrixForms> matrices_; // by product number
  Mirrored<Parameter, MemoryOf<Device>> store_[store_count];
  Mirrored<Parameter, MemoryOf<Device>> gradient_;
  std::vector<DeviceBlock<MemoryOf<Device>>> forms_;   // two for each product
  std::vector<DeviceBlock<MemoryOf<Device>>> rounded_; // one for each store that is multiplied
  std::uint64_t version_ = 1;
};

} // namespace pleat::inline v0_1
